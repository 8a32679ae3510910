"""What the reader's settings mean for every experiment's cells."""

from collections.abc import Iterable
from dataclasses import dataclass
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
        common = {"data": self.data, "seeds": self.seeds, "device": self.device}
        return Training(**common | given)

    def overlap(self, train: int | None = None) -> float:
        """Test examples over training examples, whose random splits overlap between seeds.

        0 where the reader's data say which are for testing: then claims are about that test set.
        """
        every = data.load(self.data)
        if every.test is not None:
            return 0.0
        found = data.split(every, 0, train)
        return len(found.test) / len(found.train)

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
        return f"{data.words(self.data)}; {len(self.seeds)} seeds, each with a split of its own"

    def about_splits(self, train: int | None = None) -> str:
        """What intervals of accuracies are, for designs."""
        share = self.overlap(train)
        if not share:
            return "Intervals of accuracies are Student's, and are about this one test set."
        return (
            f"Test examples of different seeds overlap: intervals of accuracies are Student's with the "
            f"variance (1/n + {share:.2g}) s² of Nadeau & Bengio (2003), {share:.2g} being test over "
            f"training examples."
        )


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
    every = len(data.split(data.load(plan.data), 0).train)
    for cell in cells:
        if isinstance(cell, Training) and cell.data == plan.data:
            count = min(every, cell.train or every)
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
