import pathlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from os import PathLike
from typing import Any, Literal, TypedDict, Union, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Extractor", "Gallery", "__version__", "score"]

__version__: str

_Path = Union[str, PathLike[str]]
_Picture = Union[_Path, NDArray[np.uint8]]
"""A path, or pixels: uint8 `[height, width, 3]` (red, green, blue) or `[height, width]`."""
_Modality = Literal["rgb", "infrared", "sketch", "colour-pencil", "text"]
_Protocol = Literal["market1501", "sysu-mm01", "llcm", "regdb", "text", "tri", "cuhk03-classic", "clothes-changing", "none"]
_Time = Union[str, int, date, datetime]
_Row = Mapping[str, Any]

class _Person(TypedDict, total=False):
    """What is known of one person; at least one part."""

    rgb: _Picture | None
    infrared: _Picture | None
    sketch: _Picture | None
    colour_pencil: _Picture | None
    text: str | None

class _Preprocessing(TypedDict):
    """How pictures are prepared: rows and columns of the input, mean and standard deviation per channel of values in 0..1."""

    height: int
    width: int
    mean: list[float]
    std: list[float]
    interpolation: str

_Rerank = TypedDict("_Rerank", {"k1": int, "k2": int, "lambda": float}, total=False)
"""Parameters of re-ranking."""

class _Added(TypedDict):
    """What became of inputs: added rows, inputs whose content was there already, rows among these that have other values than the inputs (a row never
    changes), what could not be read, and rows of the gallery."""

    gallery: str
    added: int
    known: int
    differing: int
    skipped: list[str]
    total: int

@final
class Extractor:
    """A model that embeds people: any mix of a photograph, an infrared picture, a sketch, a drawing in colour pencil and a sentence."""

    def __new__(
        cls,
        model: _Path = ...,
        *,
        device: str = "cpu",
        layout: str | None = None,
        heads: int | None = None,
        quick_gelu: bool = False,
        normalisation: Literal["auto", "clip", "imagenet", "half"] = "auto",
        text_encoder: Literal["table", "tower"] | None = None,
    ) -> Extractor:
        """Opens a model: `default` (the trained model of the program, where none is named), `embedded` (its encoder before training), a run's model directory, a
        weights file, or a checkpoint of another project, which the last five arguments describe.

        Raises `ValueError` for a name that no model has, a device that is not there and weights that cannot be used, `OSError` for a file that cannot be read."""

    @property
    def width(self) -> int:
        """Values of an embedding."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights."""

    @property
    def modalities(self) -> tuple[_Modality, ...]:
        """What the model was trained on. Other pictures are read as photographs."""

    @property
    def preprocessing(self) -> _Preprocessing:
        """How pictures are prepared."""

    def embed(
        self,
        *,
        rgb: _Picture | None = None,
        infrared: _Picture | None = None,
        sketch: _Picture | None = None,
        colour_pencil: _Picture | None = None,
        text: str | None = None,
    ) -> NDArray[np.float32]:
        """The embedding of one person, `[width]`; all parts together give one.

        Raises `OSError` for a picture that cannot be read, `ValueError` for an array that is no picture or a person without any part."""

    def embed_many(self, people: Iterable[_Person]) -> NDArray[np.float32]:
        """The embeddings of many people, `[people, width]`, each as `embed` gives it. The errors are those of `embed`."""

@final
class Gallery:
    """A gallery on disk, as it was when it was opened or last changed through this object."""

    @staticmethod
    def create(path: _Path, extractor: Extractor, *, storage: Literal["f32", "f16", "int8"] = "f32") -> Gallery:
        """Makes an empty gallery for the features of a model. Raises `ValueError` if the directory is not empty."""

    @staticmethod
    def open(path: _Path, extractor: Extractor | None = None) -> Gallery:
        """Opens a gallery. Whatever embeds needs the extractor that made it; another one raises `ValueError`."""

    def add(
        self,
        inputs: _Path | _Row | Iterable[_Path | _Row],
        *,
        modality: Literal["rgb", "infrared", "sketch", "colour-pencil"] = "rgb",
        labels: Mapping[str, Any] | None = None,
        skip_unreadable: bool = False,
        thumbnail: int = 128,
    ) -> _Added:
        """Embeds and adds pictures and folders of `modality`, and rows: dictionaries with `path`, `rgb`, `infrared`, `sketch`, `colour_pencil`
        (paths), `text` (embedded), `identity`, `camera`, `time`, `crop` (left, top, width, height), `caption` (not embedded), and columns of
        one's own. `labels` gives values to all rows that have none.

        Content that the gallery has is not added again. What was embedded before an error or Ctrl-C is added; the same call continues.
        Raises `RuntimeError` while another process changes the gallery."""

    def add_features(self, features: ArrayLike, rows: Iterable[_Row]) -> int:
        """Adds features `[rows, width]` of this gallery's model, with what is known of each row. Returns how many were added: equal features are one
        row, also if what is known of them differs."""

    def remove(self, rows: Sequence[int]) -> int:
        """Removes rows by their numbers. Returns how many were removed."""

    def search(
        self,
        *,
        rgb: _Picture | None = None,
        infrared: _Picture | None = None,
        sketch: _Picture | None = None,
        colour_pencil: _Picture | None = None,
        text: str | None = None,
        features: ArrayLike | None = None,
        like: Sequence[int] = ...,
        unlike: Sequence[int] = ...,
        top: int = 10,
        camera: str | Iterable[str] | None = None,
        not_camera: str | Iterable[str] | None = None,
        after: _Time | None = None,
        before: _Time | None = None,
        where: _Row | None = None,
        where_not: _Row | None = None,
        group_by: str | None = None,
        threshold: float | None = None,
    ) -> list[dict[str, Any]]:
        """The rows nearest to a query, nearest first: `rank` (from 1), `row`, `similarity` (cosine), `probability` if the gallery is
        calibrated, and what is known of the row.

        The query is a mix of pictures and a sentence, or features `[width]` of this gallery's model, or rows of the gallery (`like`).
        Raises `ValueError` for a filter by `None`, by an empty text or by no camera: it would let through every row or none."""

    def rows(self) -> list[dict[str, Any]]:
        """What is known of every row, in the order of their numbers (`row`)."""

    def features(self) -> NDArray[np.float32]:
        """The features of every row, of length 1, `[rows, width]`, in the order of `rows()`."""

    @property
    def path(self) -> pathlib.Path:
        """Its directory."""

    @property
    def model(self) -> str:
        """The name that its model was given."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights of its model."""

    @property
    def width(self) -> int:
        """Values per row."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns of its rows."""

    def __len__(self) -> int: ...

def score(
    query: ArrayLike,
    gallery: ArrayLike,
    query_ids: ArrayLike,
    gallery_ids: ArrayLike,
    *,
    protocol: _Protocol,
    query_cameras: ArrayLike | None = None,
    gallery_cameras: ArrayLike | None = None,
    query_images: ArrayLike | None = None,
    gallery_images: ArrayLike | None = None,
    query_clothes: ArrayLike | None = None,
    gallery_clothes: ArrayLike | None = None,
    metric: Literal["cosine", "euclidean"] = "cosine",
    average_precision: Literal["standard", "trapezoid"] = "standard",
    ties: Literal["stable", "optimistic", "pessimistic"] = "stable",
    ranks: Sequence[int] = ...,
    rerank: bool | _Rerank | None = None,
    expand: int | None = None,
    open_set: Sequence[float] = ...,
) -> dict[str, Any]:
    """Scores queries over a gallery as `aio score` does: `map`, `minp` and `rank` (by rank) as fractions in 0..1, and what `--json` prints
    beside them.

    `rerank` is true, or some of `k1`, `k2`, `lambda`. `ranks` are 1, 5, 10 and 20 where none are given. Features are `[rows, width]`, labels integers `[rows]`; a negative label is not known. There is no default protocol: data sets state theirs.
    Raises `ValueError` naming what cannot be compared."""
