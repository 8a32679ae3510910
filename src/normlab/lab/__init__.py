"""The laboratory: experiments that state a claim, measure it, and give a verdict.

normlab.lab.run("chapter") -> Result: .numbers .figures .verdicts .save(folder)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from normlab.errors import SettingError, did_you_mean

if TYPE_CHECKING:
    from normlab.lab.experiment import Result

# name -> (module with a run function and its Settings, what it asks)
EXPERIMENTS = {
    "chapter": (
        "normlab.lab.chapter",
        "What does normalisation do to data, in the brain, in AlexNet and in batch norm?",
    ),
}


def run(name: str, /, **settings: Any) -> "Result":
    """Run an experiment of the laboratory by name; the settings are those of its command.

    Errors: SettingError for an unknown experiment or setting; DataError for data that cannot be used.

    >>> result = run("chapter", samples=16)
    >>> round(result.numbers["after.std.Feature 1"] ** 2, 3)  # n / (n - 1) = 16/15
    1.067
    """
    return _module(name).run(**settings)


def check(name: str, /, **settings: Any) -> None:
    """Raise SettingError where `run` would for its settings alone; needs no torch.

    >>> check("chapter", norm="layer", batch_size=16)
    """
    _module(name).Settings.of(**settings)


def _module(name: str) -> Any:
    if name not in EXPERIMENTS:
        hint = did_you_mean(name, EXPERIMENTS)
        raise SettingError(f"No experiment {name!r}.{hint} There is {', '.join(EXPERIMENTS)}.")
    return import_module(EXPERIMENTS[name][0])


def __dir__() -> list[str]:
    return sorted([*globals()])
