"""The laboratory: experiments that state a claim, measure it, and give a verdict.

normlab.lab.run("chapter") -> Result: .numbers .figures .verdicts .save(folder)
normlab.lab.run("cortex"), normlab.lab.run("cortex.size-tuning"): all of a family, and one of it
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from normlab.errors import SettingError, did_you_mean

if TYPE_CHECKING:
    from normlab.lab.experiment import Result
    from normlab.lab.family import Family, Member


@dataclass(frozen=True)
class Experiment:
    """A family of experiments: the module that holds it as FAMILY, and what it asks."""

    module: str
    question: str


EXPERIMENTS = {
    "chapter": Experiment(
        "normlab.lab.chapter",
        "What does normalisation do to data, in the brain, in AlexNet and in batch norm?",
    ),
    "cortex": Experiment(
        "normlab.lab.cortex",
        "Which of thirty phenomena of visual cortex come out of one divisive model?",
    ),
    "canonical": Experiment(
        "normlab.lab.canonical",
        "Is it one division in the retina, the nose, attention, natural images and a network?",
    ),
    "training": Experiment(
        "normlab.lab.training",
        "Is what is said of batch norm and training so? The chapter's claims, put to the test.",
    ),
}


def run(name: str, /, **settings: Any) -> "Result":
    """Run an experiment of the laboratory by name; the settings are those of its command.

    Errors: SettingError for an unknown experiment or setting; DataError for data that cannot be used.

    >>> result = run("chapter", samples=16)
    >>> round(result.numbers["after.std.Feature 1"] ** 2, 3)  # n / (n - 1) = 16/15
    1.067
    """
    family, member = _family(name)
    return family.run(member, **settings)


def check(name: str, /, **settings: Any) -> None:
    """Raise SettingError where `run` would for its name and settings alone; needs no torch.

    >>> check("chapter", norm="layer", batch_size=16)
    """
    family, member = _family(name)
    if member:
        family.member(member)
    family.settings.of(**settings)


def members(name: str) -> "Mapping[str, Member]":
    """The members of a family, by name."""
    return _family(name)[0].members


def family_of(name: str) -> "Family[Any, Any]":
    """The family that a name like cortex or cortex.size-tuning belongs to, or SettingError."""
    return _family(name)[0]


def find(name: str) -> "Member":
    """The member of a family by its full name, or SettingError."""
    family, member = _family(name)
    return family.member(member)


def known(name: str) -> bool:
    """Whether there is a family of that name, or a member of one."""
    try:
        family, member = _family(name)
    except SettingError:
        return False
    return not member or member in family.members


def _family(name: str) -> "tuple[Family[Any, Any], str]":
    """The family that a name like cortex or cortex.size-tuning belongs to, and the member's name."""
    first, dot, member = name.partition(".")
    experiment = EXPERIMENTS.get(first)
    if experiment is None or (dot and not member):
        hint = did_you_mean(name, EXPERIMENTS)
        raise SettingError(f"No experiment {name!r}.{hint} There is {', '.join(EXPERIMENTS)}.")
    return import_module(experiment.module).FAMILY, member


def __dir__() -> list[str]:
    return sorted([*globals()])
