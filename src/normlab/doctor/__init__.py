"""What is wrong with the normalisation in a network, and the verified fix."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from normlab.doctor.by_name import fold, freeze, recalibrate, unfreeze
    from normlab.doctor.examining import examine
    from normlab.doctor.findings import Finding, Report
    from normlab.doctor.fixed import Fixed
    from normlab.doctor.fixing import fix
    from normlab.doctor.healthy import assert_healthy
    from normlab.doctor.watching import Watch, watch

__all__ = [
    "Finding",
    "Fixed",
    "Report",
    "Watch",
    "assert_healthy",
    "examine",
    "fix",
    "fold",
    "freeze",
    "recalibrate",
    "unfreeze",
    "watch",
]

_HOME = {
    "assert_healthy": "healthy",
    "examine": "examining",
    "Finding": "findings",
    "Fixed": "fixed",
    "fix": "fixing",
    "fold": "by_name",
    "freeze": "by_name",
    "recalibrate": "by_name",
    "Report": "findings",
    "unfreeze": "by_name",
    "Watch": "watching",
    "watch": "watching",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'normlab.doctor' has no attribute {name!r}")
    return getattr(import_module(f"normlab.doctor.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
