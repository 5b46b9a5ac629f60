#!/usr/bin/env python3
"""Turns the weights of MusiCNN's MSD model into the file that crates/audio embeds.

    pip download --no-deps musicnn==0.1.0
    python3 tools/musicnn_weights.py musicnn-0.1.0-py3-none-any.whl \\
        crates/audio/weights/musicnn_msd.safetensors

It needs Python alone: the checkpoint is TensorFlow's, an index (a table of LevelDB, unpacked) of
names, shapes and offsets beside one file of floats. Kernels are written as f16 (`--float 32` writes
them as f32), as the matrices that the forward pass multiplies by. Batch normalisation becomes a
scale and an offset, always f32: they are few, and small variances make large scales.
"""

import argparse
import json
import math
import struct
import zipfile

FOLDER = "musicnn/{}_musicnn/"
EPSILON = 1e-3
FLOAT = 1  # TensorFlow's number of the type


def varint(content, at):
    """A number in groups of seven bits, and where it ends."""
    value, shift = 0, 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def block(content, offset, size):
    """The keys and values of one block of a table; a key says how much it shares with the last."""
    if content[offset + size] != 0:
        raise SystemExit("the index is packed, which this reader does not expect")
    restarts = struct.unpack_from("<I", content, offset + size - 4)[0]
    at, end, key = offset, offset + size - 4 - 4 * restarts, b""
    while at < end:
        shared, at = varint(content, at)
        new, at = varint(content, at)
        length, at = varint(content, at)
        key = key[:shared] + content[at : at + new]
        at += new
        yield key, content[at : at + length]
        at += length


def message(content):
    """The fields of a protocol buffer: number to values."""
    at, fields = 0, {}
    while at < len(content):
        tag, at = varint(content, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(content, at)
        elif kind == 2:
            length, at = varint(content, at)
            value, at = content[at : at + length], at + length
        else:
            width = {1: 8, 5: 4}[kind]
            value, at = content[at : at + width], at + width
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def tensors(index, data):
    """Every tensor of floats in a checkpoint: name to shape and values."""
    footer, at = index[-48:], 0
    for _ in range(2):  # the handle of the block of metadata
        _, at = varint(footer, at)
    offset, at = varint(footer, at)
    size, at = varint(footer, at)
    found = {}
    for _, handle in block(index, offset, size):
        start, at = varint(handle, 0)
        length, _ = varint(handle, at)
        for name, entry in block(index, start, length):
            fields = message(entry)
            if not name or fields.get(1, [FLOAT])[0] != FLOAT:
                continue
            sizes = message(fields.get(2, [b""])[0]).get(2, [])
            shape = [message(size).get(1, [0])[0] for size in sizes]
            begin, count = fields.get(4, [0])[0], math.prod(shape)
            found[name.decode()] = (shape, struct.unpack_from(f"<{count}f", data, begin))
    return found


def numbered(name, i):
    """How TensorFlow names the i-th layer of a kind."""
    return name if i == 0 else f"{name}_{i}"


def convolution(checkpoint, i):
    """A kernel `[time, frequency, 1, out]` as a matrix `[time and frequency, out]`.

    Of kernels narrower than their input time varies fastest: so a window over time and frequency
    lies together in the unfolded input. The others stay as they are.
    """
    (time, frequency, channels, out), values = checkpoint[numbered("conv2d", i) + "/kernel"]
    assert channels == 1
    if i >= TIMBRAL:
        return [time * frequency, out], values
    matrix = [
        values[(t * frequency + f) * out + o]
        for f in range(frequency)
        for t in range(time)
        for o in range(out)
    ]
    return [time * frequency, out], matrix


def normalisation(checkpoint, i):
    """The scale and the offset of a batch normalisation."""
    name = numbered("batch_normalization", i)
    gamma, beta, mean, variance = (
        checkpoint[f"{name}/{part}"][1]
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = [g / math.sqrt(v + EPSILON) for g, v in zip(gamma, variance)]
    offset = [b - m * s for b, m, s in zip(beta, mean, scale)]
    return scale, offset


# The first convolutions are those over time and frequency.
TIMBRAL = 2

# Where each layer stands among TensorFlow's convolutions and normalisations.
CONVOLUTIONS = [
    ("timbral_38", 0, 1),
    ("timbral_67", 1, 2),
    ("temporal_128", 2, 3),
    ("temporal_64", 3, 4),
    ("temporal_32", 4, 5),
    ("middle_1", 5, 6),
    ("middle_2", 6, 7),
    ("middle_3", 7, 8),
]


def network(checkpoint):
    """All parameters: name to shape, values and whether they may be halved."""
    layers = {}

    def put(name, shape, values, halved=False):
        layers[name] = (shape, values, halved)

    def put_normalisation(name, i):
        for part, values in zip(("scale", "offset"), normalisation(checkpoint, i)):
            put(f"{name}.{part}", [len(values)], values)

    put_normalisation("input", 0)
    for name, i, norm in CONVOLUTIONS:
        put(f"{name}.weight", *convolution(checkpoint, i), True)
        put(f"{name}.bias", *checkpoint[numbered("conv2d", i) + "/bias"])
        put_normalisation(name, norm)
    put_normalisation("pooled", 9)
    put("dense.weight", *checkpoint["dense/kernel"], True)
    put("dense.bias", *checkpoint["dense/bias"])
    put_normalisation("embedding", 10)
    put("tags.weight", *checkpoint["dense_1/kernel"], True)
    put("tags.bias", *checkpoint["dense_1/bias"])
    return layers


def safetensors(layers, width, model):
    """The parameters as a file: the length of a header, the header, the numbers."""
    origin = f"PyPI musicnn 0.1.0, {model}_musicnn; Pons and Serra, arXiv 1909.06654"
    metadata = {"origin": origin, "licence": "ISC"}
    header, parts, at = {"__metadata__": metadata}, [], 0
    for name in sorted(layers):
        shape, values, halved = layers[name]
        code, kind = ("e", "F16") if halved and width == 16 else ("f", "F32")
        packed = struct.pack(f"<{len(values)}{code}", *values)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(packed)]}
        parts.append(packed)
        at += len(packed)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", help="musicnn-0.1.0-py3-none-any.whl")
    parser.add_argument("out", help="the file to write")
    parser.add_argument("--float", type=int, choices=(16, 32), default=16, help="bits of kernels")
    told = "the model for MagnaTagATune is for a test alone"
    parser.add_argument("--model", choices=("MSD", "MTT"), default="MSD", help=told)
    options = parser.parse_args()
    folder = FOLDER.format(options.model)
    with zipfile.ZipFile(options.wheel) as wheel:
        index = wheel.read(folder + ".index")
        data = wheel.read(folder + ".data-00000-of-00001")
    layers = network(tensors(index, data))
    with open(options.out, "wb") as out:
        out.write(safetensors(layers, options.float, options.model))
    print(sum(len(values) for _, values, _ in layers.values()), "numbers")


if __name__ == "__main__":
    main()
