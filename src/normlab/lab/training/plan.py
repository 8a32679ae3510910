"""What the reader's settings mean for every experiment's cells."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from normlab.errors import SettingError
from normlab.lab.training.engine import data, norms
from normlab.lab.training.engine.cell import DIGITS, Origin, Training
from normlab.lab.training.settings import Settings


@dataclass(frozen=True)
class Plan:
    """Data, normalisers, seeds and sizes; `own` are the reader's normalisers."""

    data: Origin
    own: tuple[Origin, ...]
    seeds: tuple[int, ...]
    quick: bool
    device: str
    given: bool  # whether the reader chose the data

    @classmethod
    def of(cls, settings: Settings) -> "Plan":
        _check_device(settings.device)
        source = data.source(settings.data or DIGITS.name, settings.label, settings.reading)
        own = tuple(norms.source(name) for name in settings.norm)
        _check_names(own)
        given = bool(settings.data)
        return cls(source, own, settings.each, settings.quick, settings.device, given)

    def choose(self, full: Any, quick: Any) -> Any:
        """A size of the full run, or of a look."""
        return quick if self.quick else full

    def training(self, **given: Any) -> Training:
        """A cell on the reader's data, seeds and device; `given` says the rest, and may say otherwise."""
        common = {
            "data": self.data,
            "seeds": self.seeds,
            "folds": self.folds,
            "device": self.device,
        }
        return Training(**common | given)

    @property
    def folds(self) -> int:
        """Into how many test parts the data are divided; 1 where they say which examples are for testing."""
        return self.folds_of(self.data)

    def folds_of(self, source: Origin) -> int:
        return data.folds(data.load(source), len(self.seeds))

    @property
    def overlap(self) -> float:
        """Of test examples between seeds: test over training examples where there are more seeds than folds.

        0 where every seed has test examples of its own, and where one test set is what claims are about.
        """
        folds = self.folds
        return 1 / (folds - 1) if 1 < folds < len(self.seeds) else 0.0

    def held_out(self, source: Origin) -> float:
        """The same for what depends on the training part alone, of which each seed leaves out one fold.

        The variance of a mean is then (k − 1)²/k s², the delete-a-group jackknife's, for k folds.
        """
        folds = self.folds_of(source)
        return (folds - 1) ** 2 / folds - 1 / len(self.seeds) if folds > 1 else 0.0

    def examples(self, train: int | None = None, validated: bool = False) -> int:
        """How many a network is trained on."""
        return _trained_on(self.data, self.folds, train, validated)

    def norms(self, *names: str) -> tuple[Origin, ...]:
        """An experiment's normalisers and then the reader's, each once."""
        return tuple(dict.fromkeys([*(Origin(name) for name in names), *self.own]))

    @property
    def said(self) -> tuple[str, ...]:
        """How the reader's data were read."""
        return data.load(self.data).said

    @property
    def words(self) -> str:
        """Data and seeds, for designs."""
        return f"{data.words(self.data)}; {len(self.seeds)} seeds. {self.about_folds}"

    @property
    def about_folds(self) -> str:
        """What is for training and what for testing, for designs."""
        if self.folds == 1:
            return (
                "The data say which examples are for testing; each seed has the training examples in another "
                "order."
            )
        fold = f"1/{self.folds} of the data is for testing, the rest for training"
        if self.overlap:
            return (
                f"For each seed {fold}. There are more seeds than test parts, so that some seeds share test "
                f"examples."
            )
        return f"For each seed {fold}; no two seeds share a test example."

    @property
    def about_splits(self) -> str:
        """What intervals of accuracies are, for designs."""
        if self.folds == 1:
            return "Intervals of accuracies are Student's. They are about this one test set."
        if not self.overlap:
            return "Intervals of accuracies are Student's over the seeds."
        return (
            f"Intervals of accuracies are Student's with the variance (1/n + {self.overlap:.2g}) s² of "
            f"Nadeau & Bengio (2003), since some seeds share test examples."
        )


@cache
def _trained_on(source: Origin, folds: int, train: int | None, validated: bool) -> int:
    return len(data.split(data.load(source), 0, folds, train, validated).train)


def spaced(first: int, last: int, count: int) -> tuple[int, ...]:
    """So many places of evaluation or fewer, each about the same factor after the one before.

    >>> spaced(5, 80, 5)
    (5, 10, 20, 40, 80)
    """
    return tuple(sorted({round(first * (last / first) ** (i / (count - 1))) for i in range(count)}))


def marks(steps: int, count: int) -> tuple[int, ...]:
    """So many places of evaluation, evenly spaced, the last at the end."""
    return tuple(sorted({max(1, round(steps * (i + 1) / count)) for i in range(count)}))


def decades(low: float, high: float, count: int) -> tuple[float, ...]:
    """Evenly spaced powers of ten: exponents from low to high.

    >>> decades(-1, 1, 3)
    (0.1, 1.0, 10.0)
    """
    step = (high - low) / (count - 1)
    return tuple(float(f"{10 ** (low + i * step):.4g}") for i in range(count))


def lack(plan: Plan, cells: Iterable[Any]) -> str:
    """Why the data are too few for these cells' batches, or nothing."""
    for cell in cells:
        if isinstance(cell, Training) and cell.data == plan.data:
            count = plan.examples(cell.train, cell.validated)
            if count < cell.batch_size:
                return (
                    f"{plan.data.name} has {count} examples to train on; batches of {cell.batch_size} need "
                    f"that many: give more."
                )
    return ""


def _check_names(own: tuple[Origin, ...]) -> None:
    places: dict[str, str] = {}
    for norm in own:
        if places.setdefault(norm.name, norm.path) != norm.path:
            raise SettingError(
                f"{places[norm.name]} and {norm.path} have the same name; rename one of the two."
            )


def _check_device(name: str) -> None:
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise SettingError(
            f"device {name!r} cannot be used here: {str(error).splitlines()[0]}"
        ) from error
