"""SASRec and BERT4Rec of RecTools, stopped by the validation NDCG that Segue's models are stopped
by.

RecTools leaves the stopping to callbacks of its trainer. After every epoch the callback here ranks
the catalogue for the validation cases, keeps the best weights, and stops once no epoch of the last
fifteen was better.

It learns from one window a listener, the last `session_max_len` + 1 events, so that an epoch over a
thousand listeners has nine steps with its own batches of 128. An earlier version of this script
left it at that and at windows of fifty: it ended, near popularity, before it had learned. Batches
are of 32 now, as Segue's are, and how far back a window reaches is searched as well.
"""

import copy
import logging
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Callback, LightningModule, Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import BERT4RecModel, SASRecModel
from rectools.models.nn.transformers.lightning import TransformerLightningModuleBase

from ranking_metrics import DEPTH, outcomes
from ranking_peers import Settings, best_unknown, pick, rankings_of, scale
from split import Cases, Events

CRITERION = "ndcg@10"
MOST_EPOCHS = 200
PATIENCE = 15


def dataset(events: Events) -> Dataset:
    """Events as RecTools takes them. It orders by time alone, so the position in the history stands
    for time."""
    rows = events.rows
    return Dataset.construct(
        pd.DataFrame(
            {
                Columns.User: rows.listener,
                Columns.Item: rows["item"],
                Columns.Weight: 1.0,
                Columns.Datetime: pd.Timestamp("2000-01-01")
                + pd.to_timedelta(rows.position, unit="s"),
            }
        )
    )


def softmax_loss(
    _module: type, logits: torch.Tensor, y: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """RecTools' own softmax loss, along rows instead of across them: the same value in half the
    processor time."""
    rows = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), y.flatten(), ignore_index=0, reduction="none"
    )
    loss = rows.reshape(y.shape) * weights
    return loss.sum() / (loss > 0).sum()


TransformerLightningModuleBase._calc_softmax_loss = classmethod(softmax_loss)


class StopByValidation(Callback):
    """Keeps the weights of the best epoch."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases
        self.shown = dataset(cases.shown)
        self.best, self.best_epoch, self.weights = -1.0, 0, None

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Measures one epoch."""
        found = outcomes(self.rankings(module), self.cases)[CRITERION].mean()
        epoch = trainer.current_epoch + 1
        if found > self.best:
            self.best, self.best_epoch, self.weights = (
                found,
                epoch,
                copy.deepcopy(module.state_dict()),
            )
        trainer.should_stop = epoch - self.best_epoch >= PATIENCE

    def rankings(self, module: LightningModule) -> np.ndarray:
        """The catalogue for every case; listeners without an item known to the model get all scores
        equal."""
        preparator = module.data_preparator
        visible = preparator.transform_dataset_u2i(self.shown, self.cases.listeners)
        loader = preparator.get_dataloader_recommend(visible, 256)
        with torch.no_grad():
            listeners, items = module._get_user_item_embeddings(loader, "cpu")
        module.train()
        rows = np.searchsorted(
            self.cases.listeners, visible.user_id_map.external_ids.astype(np.int64)
        )
        columns = preparator.get_known_item_ids().astype(np.int64)
        scores = np.full(
            (len(self.cases.listeners), self.cases.shown.shape[1]), -np.inf, np.float32
        )
        known_items = items[preparator.n_item_extra_tokens :]
        scores[np.ix_(rows, columns)] = (listeners @ known_items.T).numpy()
        return best_unknown(scores, self.cases.shown.matrix("presence")[self.cases.listeners])


def trainer(callback: StopByValidation | None, epochs: int) -> Trainer:
    """A silent one for processors."""
    return Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=[callback] if callback else [],
    )


@dataclass
class Fitted:
    """A model with the weights of its best epoch."""

    model: SASRecModel | BERT4RecModel
    validation: float
    epochs: int

    def rank(self, cases: Cases) -> np.ndarray:
        """Ranks through the public interface."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self.model.recommend(
                cases.listeners,
                dataset(cases.shown),
                DEPTH,
                filter_viewed=True,
                on_unsupported_targets="ignore",
            )
        return rankings_of(found, cases.listeners)


@dataclass(frozen=True)
class SequencePeer:
    """A transformer of RecTools; its settings at first are Segue's shape and otherwise RecTools'
    own defaults."""

    name: str
    kind: type[SASRecModel] | type[BERT4RecModel]

    @property
    def defaults(self) -> Settings:
        """Width 64, two blocks, two heads, fifty items, batches of 32."""
        return {
            "n_factors": 64,
            "n_blocks": 2,
            "n_heads": 2,
            "dropout_rate": 0.2,
            "lr": 1e-3,
            "batch_size": 32,
            "session_max_len": 50,
        }

    def draw(self, rng: np.random.Generator) -> Settings:
        """From the ranges that Segue draws its own from, and windows up to four times as long."""
        return self.defaults | {
            "session_max_len": pick(rng, 50, 100, 200),
            "n_factors": pick(rng, 32, 64, 128),
            "n_blocks": pick(rng, 1, 2, 3),
            "dropout_rate": rng.uniform(0.1, 0.6),
            "lr": scale(rng, 3e-4, 5e-3),
        }

    def fit(self, training: Events, settings: Settings, seed: int, cases: Cases) -> Fitted:
        """Learns until validation says stop."""
        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore")
        seed_everything(seed, verbose=False)
        stop = StopByValidation(cases)
        model = self.kind(
            epochs=MOST_EPOCHS,
            get_trainer_func=lambda: trainer(stop, MOST_EPOCHS),
            recommend_torch_device="cpu",
            **settings,
        )
        model.fit(dataset(training))
        stop = next(one for one in model.fit_trainer.callbacks if isinstance(one, StopByValidation))
        model.lightning_model.load_state_dict(stop.weights)
        return Fitted(model, stop.best, stop.best_epoch)


SEQUENCE_PEERS = {
    "sasrec": SequencePeer("RecTools SASRec", SASRecModel),
    "bert4rec": SequencePeer("RecTools BERT4Rec", BERT4RecModel),
}
