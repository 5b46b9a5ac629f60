"""Mixes out of what was listened to, and the recommenders behind them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias, final, overload

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Error",
    "Explanation",
    "FittedRecommender",
    "ImportReport",
    "InputError",
    "Library",
    "Mix",
    "NotFoundError",
    "NotReadyError",
    "Pick",
    "Recommender",
    "SimilarTrack",
    "Snapshot",
    "StorageError",
    "Track",
    "TrainReport",
    "__version__",
]

__version__: str

_Path: TypeAlias = str | PathLike[str]
_Progress: TypeAlias = Callable[[str], object]
_Only: TypeAlias = Literal["any", "owned", "heard", "new"]
_Reaction: TypeAlias = Literal[
    "finished", "skipped", "stopped", "played", "seen",
    "like", "not-for-me", "never", "saved", "cleared",
]
_Kind: TypeAlias = Literal[
    "popularity", "decayed-popularity", "item-knn", "ease", "ials", "sasrec", "act-r",
]
_Item: TypeAlias = int | str

class _SparseMatrix(Protocol):
    """A matrix of `scipy.sparse`: users by items."""

    def tocsr(self) -> Any: ...

class _Frame(Protocol):
    """A table of pandas, polars, pyarrow or DuckDB, with the columns `user` and `item`."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class Error(Exception):
    """Whatever goes wrong in Segue; its message is the reason."""

class InputError(Error, ValueError):
    """An argument or a file that cannot be understood, or is out of range."""

class NotFoundError(Error, LookupError):
    """A listener or a track that is not there."""

class NotReadyError(Error, RuntimeError):
    """Something has to come first: an import, a training, or more music."""

class StorageError(Error, OSError):
    """The disk, or what lies on it: a full one, a damaged library, a missing file."""

@final
class Library:
    """A folder with the history, the catalogue and the models of a household or a service."""

    def __new__(cls, path: _Path) -> Library:
        """Opens the folder, which is made if there is none."""

    def import_(
        self,
        paths: _Path | Sequence[_Path],
        listener: str,
        *,
        progress: _Progress | None = None,
    ) -> ImportReport:
        """Reads exports, tables, folders and archives; what a file is, its content tells."""

    def train(
        self, *, seed: int = 1, further: bool = False, progress: _Progress | None = None
    ) -> TrainReport:
        """Learns from all that the library holds; `further` goes on from the models in use."""

    def snapshot(self) -> Snapshot:
        """All that the library holds now, with the models in use."""

    def record(
        self,
        listener: str,
        track: str,
        reaction: _Reaction,
        *,
        played_ms: int | None = None,
        at: datetime | None = None,
    ) -> None:
        """Notes what a listener did with a track, or thinks of it. It is on disk after that."""

    def forget(self, listener: str) -> dict[str, Any]:
        """Removes a listener with everything derived from them; returns what was removed."""

    def backup(self, to: _Path) -> None:
        """Copies the whole library to a folder that does not exist yet."""

    @property
    def listeners(self) -> list[str]:
        """The listeners that the library knows, by name."""

@final
class ImportReport:
    """What an import read, and what of it was new."""

    @property
    def counts(self) -> dict[str, int]:
        """What of the rows was new to the library and what it had already."""

    @property
    def files(self) -> list[dict[str, Any]]:
        """The account of each file: rows read, kept, and dropped by reason."""

    @property
    def problems(self) -> list[str]:
        """What a person should look at: files and rows that were left out, and why."""

@final
class TrainReport:
    """Models that were trained and are in use."""

    @property
    def version(self) -> str:
        """The version of the models: equal data and seed, equal version."""

    @property
    def existed(self) -> bool:
        """Whether an earlier training had made the very same models."""

    @property
    def card(self) -> dict[str, Any]:
        """What is in the set of models, why, and how well it did."""

@final
class Snapshot:
    """Everything that mixes are made from, as it was at one moment."""

    def mix(
        self,
        listener: str | None = None,
        *,
        explore: float | None = None,
        length: int | None = None,
        seed: int | None = None,
        only: _Only | None = None,
        policy: str | None = None,
        no_repeat_days: int | None = None,
        artist_cap: int | None = None,
        album_cap: int | None = None,
        after: Sequence[str] = ...,
        without_artists: Sequence[str] = ...,
        log: bool = True,
    ) -> Mix:
        """Makes a mix and logs it as shown, with the probability of every pick."""

    def next(
        self, listener: str | None = None, *, length: int = 10, only: _Only | None = None
    ) -> Mix:
        """What comes next, going on from what the listener played last; not logged."""

    def similar(self, track: str, n: int = 10) -> list[SimilarTrack]:
        """Tracks like a track, the most similar first."""

    def explain(self, listener: str | None, track: str) -> Explanation:
        """What can be said of a track to a listener."""

    def search(self, words: str, n: int = 10) -> list[Track]:
        """Looks for words in titles, artists and albums, as people type them."""

    def track(self, id: str) -> Track:
        """What is known of a track by its id."""

    @property
    def model_version(self) -> str | None:
        """The version of the models that mixes are made with."""

    @property
    def fallback(self) -> str | None:
        """Why mixes are made with other models than those in use; `None` where all is well."""

    def __len__(self) -> int:
        """How many tracks there are."""

@final
class Mix:
    """A mix: picks in playing order."""

    @property
    def id(self) -> int | None:
        """The number of the mix in the log; `None` for one that was not logged."""

    @property
    def listener(self) -> str:
        """For whom it was made."""

    @property
    def headline(self) -> str:
        """How much of it is new, in a few words."""

    @property
    def notes(self) -> list[str]:
        """What is not as asked, as sentences."""

    @property
    def seed(self) -> int:
        """The seed that it was drawn with."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Pick]: ...
    @overload
    def __getitem__(self, at: int, /) -> Pick: ...
    @overload
    def __getitem__(self, at: slice, /) -> tuple[Pick, ...]: ...
    def _repr_html_(self) -> str: ...

@final
class Pick:
    """One track of a mix."""

    @property
    def track(self) -> str:
        """The id of the track, to record what became of it."""

    @property
    def artist(self) -> str:
        """Who plays it, as credited."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def reason(self) -> str:
        """Why it was picked, as a sentence."""

    @property
    def likability(self) -> float:
        """Predicted probability that the listener likes it."""

    @property
    def uncertainty(self) -> float:
        """How far the models behind that disagree, as a standard deviation."""

    @property
    def propensity(self) -> float:
        """Probability with which it was picked at its turn."""

    @property
    def is_new(self) -> bool:
        """Whether nothing shows that the listener knew the song."""

@final
class Track:
    """A track of the catalogue."""

    @property
    def id(self) -> str:
        """Its name in the world: what `record`, `similar` and `explain` take."""

    @property
    def title(self) -> str:
        """What it is called."""

    @property
    def artists(self) -> list[str]:
        """Who plays it, the main artist first."""

    @property
    def album(self) -> str | None:
        """The album that it is from."""

    @property
    def year(self) -> int | None:
        """The year of its release."""

    @property
    def genre(self) -> str | None:
        """The genre in the words of the source."""

@final
class SimilarTrack:
    """A track that is like another."""

    @property
    def track(self) -> Track:
        """The track."""

    @property
    def similarity(self) -> float:
        """How like both are, 0 to 1."""

    @property
    def together(self) -> int:
        """How many listeners like both."""

@final
class Explanation:
    """What can be said of a track to a listener."""

    @property
    def track(self) -> Track:
        """The track."""

    @property
    def likability(self) -> float:
        """Predicted probability that the listener likes it."""

    @property
    def uncertainty(self) -> float:
        """How far the models behind that disagree, as a standard deviation."""

    @property
    def is_new(self) -> bool:
        """Whether nothing shows that the listener knew the song."""

    @property
    def reason(self) -> str:
        """Why it would be in a mix, as a sentence."""

    @property
    def plays(self) -> int:
        """How often the listener played the song, in any version."""

    @property
    def left_out(self) -> str | None:
        """The filter that keeps it out of a mix; `None` if it may be in one."""

    @property
    def near(self) -> list[Track]:
        """What the listener likes that sounds most like it."""

@final
class Recommender:
    """A recommender with its settings, to be fitted."""

    def __new__(cls, kind: _Kind, **settings: Any) -> Recommender:
        """Takes the defaults for what is not set; `query__strength="sum"` sets a part of a part."""

    @property
    def kind(self) -> str:
        """The name of its kind."""

    @property
    def settings(self) -> dict[str, Any]:
        """All that can be set."""

    def fit(self, interactions: _SparseMatrix | _Frame, *, seed: int = 1) -> FittedRecommender:
        """Learns from interactions. Equal interactions, settings and seed give an equal model."""

@final
class FittedRecommender:
    """A recommender that has learned: it ranks all items for any history."""

    def recommend(
        self, history: Sequence[_Item], n: int = 10, *, known: bool = False
    ) -> list[tuple[_Item, float]]:
        """The best `n` items for somebody with a history, each with its score."""

    def scores(
        self, histories: _SparseMatrix | Sequence[Sequence[_Item]]
    ) -> NDArray[np.float32]:
        """A score for every item and each of many histories, a row a history."""

    @property
    def items(self) -> list[_Item]:
        """The items that it ranks, in the order of the columns of `scores`."""
