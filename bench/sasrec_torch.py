"""SASRec as a plain PyTorch module, with the names that Segue's safetensors files use.

It is written to be read and to be fast in the way PyTorch is: batched, fused attention, sparse
gradients for the item table. `load` turns a file of Segue into a module with the same outputs;
`losses` holds the training losses. Gradients of one batch and a trained file are compared by
`sasrec_parity.py`, speed by `sasrec_speed.py`.
"""

import json
import struct

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn


class Attention(nn.Module):
    """Causal self-attention; parameters are named as in `nn.MultiheadAttention`."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, x):
        batch, length, dim = x.shape
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = qkv.view(batch, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out_proj(out.transpose(1, 2).reshape(batch, length, dim))


class Block(nn.Module):
    """Kang & McAuley's block or, gated, that of LiGR."""

    def __init__(self, dim, heads, expansion, dropout, gated):
        super().__init__()
        hidden = dim * expansion
        self.gated = gated
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = Attention(dim, heads)
        self.feed_forward_norm = nn.LayerNorm(dim)
        self.inner = nn.Linear(dim, hidden * (2 if gated else 1))
        self.outer = nn.Linear(hidden, dim)
        self.dropout = nn.Dropout(dropout)
        if gated:
            self.attention_gate = nn.Linear(dim, dim)
            self.feed_forward_gate = nn.Linear(dim, dim)

    def forward(self, x):
        branch = self.dropout(self.attention(self.attention_norm(x)))
        x = x + (torch.sigmoid(self.attention_gate(x)) * branch if self.gated else branch)
        inner = self.inner(self.feed_forward_norm(x))
        if self.gated:
            a, b = inner.chunk(2, dim=-1)
            inner = F.silu(a) * b
        else:
            inner = F.relu(inner)
        branch = self.dropout(self.outer(self.dropout(inner)))
        return x + (torch.sigmoid(self.feed_forward_gate(x)) * branch if self.gated else branch)


class Sasrec(nn.Module):
    def __init__(
        self,
        items,
        dim=64,
        blocks=2,
        heads=2,
        max_length=50,
        expansion=1,
        dropout=0.0,
        block="sasrec",
        sparse=True,
    ):
        super().__init__()
        self.dim, self.max_length = dim, max_length
        self.item_embedding = nn.Embedding(items, dim, sparse=sparse)
        self.position_embedding = nn.Embedding(max_length, dim)
        gated = block == "ligr"
        self.blocks = nn.ModuleList(
            Block(dim, heads, expansion, dropout, gated) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.item_embedding.weight, std=0.02)
        nn.init.normal_(self.position_embedding.weight, std=0.02)

    def forward(self, items):
        """Outputs after each item of equally long sequences: `[batch, length]` to
        `[batch, length, dim]`."""
        length = items.shape[1]
        positions = self.position_embedding.weight[self.max_length - length :]
        x = self.dropout(self.item_embedding(items) * self.dim**0.5 + positions)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


def loss_of(model, kind, items, targets, negatives=None, beta=1.0):
    """Mean training loss. `negatives` are shared, `[n]`, or for `bce` one a target,
    `[batch, length]`."""
    hidden = model(items).flatten(0, 1)
    targets = targets.flatten()
    own = (hidden * model.item_embedding(targets)).sum(-1)
    if kind == "full_softmax":
        return F.cross_entropy(hidden @ model.item_embedding.weight.T, targets)
    if kind == "bce":
        negatives = negatives.flatten()
        others = (hidden * model.item_embedding(negatives)).sum(-1)
        others = others.masked_fill(negatives == targets, -1e30)
        return (F.softplus(-own) + F.softplus(others)).mean() / 2
    others = hidden @ model.item_embedding(negatives).T
    others = others.masked_fill(negatives[None, :] == targets[:, None], -1e30)
    if kind == "gbce":
        return (beta * F.softplus(-own) + F.softplus(others).sum(-1)).mean() / (len(negatives) + 1)
    logits = torch.cat([own[:, None], others], dim=1)
    return F.cross_entropy(logits, torch.zeros(len(targets), dtype=torch.long))


def card(path):
    """The configuration that Segue wrote into a file's metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(json.loads(file.read(length))["__metadata__"]["card"])


def load(path, sparse=True):
    """A module with the weights of a file that Segue wrote. A model with an item tower gets the
    tower's vectors as its item embedding, which is what Segue scores with."""
    config, tensors = card(path)["config"], load_file(path)
    names = ("dim", "blocks", "heads", "max_length", "expansion", "block")
    popularity, features = tensors.pop("popularity"), tensors.pop("features", None)
    if features is not None:
        hidden = F.relu(
            F.linear(features, tensors.pop("tower.inner.weight"), tensors.pop("tower.inner.bias"))
        )
        part = F.linear(hidden, tensors.pop("tower.outer.weight"), tensors.pop("tower.outer.bias"))
        tensors["item_embedding.weight"] = tensors["item_embedding.weight"] + part
    model = Sasrec(len(popularity), sparse=sparse, **{name: config[name] for name in names})
    model.load_state_dict(tensors)
    return model.eval()
