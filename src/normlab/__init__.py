"""normlab: see, use and trust normalisation, from the visual cortex to batch norm.

Importing this package is cheap: torch is imported when a name that needs it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from normlab._version import __version__ as __version__

if TYPE_CHECKING:
    from normlab import data, doctor, errors, filters, functional, interop, lab, nn
    from normlab.checks.checking import Checked, check
    from normlab.conversion.exchange import convert
    from normlab.equation.reference import Normalized, normalize
    from normlab.equation.table import TABLE as table  # noqa: N811
    from normlab.explorer.host.widget import Explorer
    from normlab.fitting.fit import Fit, fit
    from normlab.grading import grade
    from normlab.kernels.explaining import Explained, explain
    from normlab.measuring.measure import measure, measure_by
    from normlab.measuring.measured import Measured
    from normlab.moments import Moments

__all__ = [
    "Checked",
    "Explained",
    "Explorer",
    "Fit",
    "Measured",
    "Moments",
    "Normalized",
    "check",
    "convert",
    "data",
    "doctor",
    "errors",
    "explain",
    "filters",
    "fit",
    "functional",
    "grade",
    "interop",
    "lab",
    "measure",
    "measure_by",
    "nn",
    "normalize",
    "table",
]

_HOME = {
    "convert": ("normlab.conversion.exchange", "convert"),
    "Checked": ("normlab.checks.checking", "Checked"),
    "check": ("normlab.checks.checking", "check"),
    "Explained": ("normlab.kernels.explaining", "Explained"),
    "Explorer": ("normlab.explorer.host.notebook", "Explorer"),
    "Fit": ("normlab.fitting.fit", "Fit"),
    "fit": ("normlab.fitting.fit", "fit"),
    "Measured": ("normlab.measuring.measured", "Measured"),
    "measure": ("normlab.measuring.measure", "measure"),
    "measure_by": ("normlab.measuring.measure", "measure_by"),
    "Moments": ("normlab.moments", "Moments"),
    "Normalized": ("normlab.equation.reference", "Normalized"),
    "data": ("normlab.data", None),
    "doctor": ("normlab.doctor", None),
    "errors": ("normlab.errors", None),
    "explain": ("normlab.kernels.explaining", "explain"),
    "filters": ("normlab.filters", None),
    "grade": ("normlab.grading", "grade"),
    "functional": ("normlab.functional", None),
    "interop": ("normlab.interop", None),
    "lab": ("normlab.lab", None),
    "nn": ("normlab.nn", None),
    "normalize": ("normlab.equation.reference", "normalize"),
    "table": ("normlab.equation.table", "TABLE"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'normlab' has no attribute {name!r}")
    module, attribute = _HOME[name]
    value = import_module(module)
    return value if attribute is None else getattr(value, attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
