"""THE table of mistakes: each with its words and the part of the recipe that it replaces.

A mistake is named when its recipe, run on the scenarios, gives what the learner's code gave.
"""

from collections.abc import Mapping, Set
from dataclasses import replace

from normlab.equation.row import Norm
from normlab.errors import NormlabError
from normlab.grading.judge.mistakes.affine import AFFINE
from normlab.grading.judge.mistakes.divisor import DIVISOR
from normlab.grading.judge.mistakes.gradient import GRADIENT
from normlab.grading.judge.mistakes.local import LOCAL
from normlab.grading.judge.mistakes.pooling import POOLING
from normlab.grading.judge.mistakes.record import Mistake, setting
from normlab.grading.judge.mistakes.running import MODES, RUNNING, TRAINING, blends
from normlab.grading.judge.mistakes.seen import SEEN
from normlab.grading.judge.mistakes.surround import SURROUND
from normlab.grading.judge.mistakes.variance import ROUNDING, VARIANCE
from normlab.grading.judge.mistakes.window import WINDOW
from normlab.grading.judge.mistakes.wrong_axes import wrong_axes
from normlab.grading.judge.recipe import Recipe

__all__ = ["SEEN", "Mistake", "possible"]

# what is graded by itself, and the mistakes that belong there
_PHASES: Mapping[str, tuple[Mistake, ...]] = {
    "training": (*DIVISOR, *VARIANCE, *POOLING, *AFFINE, *TRAINING, *LOCAL, *WINDOW, *SURROUND),
    "running": RUNNING,
    "evaluation": MODES,
    "gradient": GRADIENT,
}
# which the branch of evaluation may have by itself: it is given mean and variance
_DIVIDING = (
    *("std_plus_eps", "eps_added_to_rsqrt", "missing_eps", "eps_twice", "eps_squared"),
    *("eps_subtracted", "rooted_twice"),
    *("variance_not_rooted", "not_centered", "mean_added", "not_divided", "multiplied_by_divisor"),
)
_IN_ONE_BRANCH = (*(m for m in DIVISOR if m.name in _DIVIDING), *AFFINE)


def possible(right: Recipe, offers: Set[str], defaults: Mapping[str, float]) -> list[Mistake]:
    """The mistakes that an implementation of this row with these settings can have."""
    row = right.row
    listed = [replace(m, phase=phase) for phase, table in _PHASES.items() for m in table]
    every = [
        *listed, *wrong_axes(row), *_ignored(row, defaults), *blends(right),
        *map(_in_evaluation, _IN_ONE_BRANCH if row.running else ()), *ROUNDING,
    ]  # fmt: skip
    return [
        m for m in every
        if m.when(row) and (not m.needs or m.needs in offers) and _changes(m, right)
    ]  # fmt: skip


def _changes(mistake: Mistake, right: Recipe) -> bool:
    """Whether it is a mistake in the convention that is graded by."""
    assert mistake.change is not None
    try:
        return mistake.change(right) != right
    except (ValueError, NormlabError):  # a row that would break its own laws
        return False


def _in_evaluation(mistake: Mistake) -> Mistake:
    """The same mistake in the branch of evaluation alone."""
    change = mistake.change
    assert change is not None
    small = "Take a running variance as small as ε, and work the divisor out by hand."
    return replace(
        mistake,
        hint=small if "eps" in mistake.name else mistake.hint,
        sentence=f"{mistake.sentence}, in evaluation alone",
        change=lambda recipe: replace(recipe, evaluation=change(recipe.evaluation or recipe)),
        needs="running_mean",
        phase="evaluation",
    )


def _ignored(row: Norm, defaults: Mapping[str, float]) -> list[Mistake]:
    """A setting that is taken and not used: its default, or torch's, holds instead."""
    found = []
    learned = ("normalized_shape", "pool_weight", "num_groups")  # which have no usual value
    names = [s.name for s in row.settings if s.name not in learned]
    for name in [*names, *(["momentum"] if row.running else [])]:
        own = row.defaults.get(name, 0.1)
        for value in dict.fromkeys((defaults.get(name), own)):
            if value is not None and not isinstance(value, str):
                words = f"takes {name} and goes on with {value:g}, whatever is given"
                found.append(
                    Mistake(
                        "ignored_setting", words,
                        f"Call it twice with very different {name}: does anything change?",
                        f"use the {name} that is given, not a number written into the code.",
                        change=setting(name, lambda old, values, v=value: v), needs=name,
                        phase="running" if name == "momentum" else "training",
                    )
                )  # fmt: skip
    return found
