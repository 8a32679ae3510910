"""Tables, arrays and images from files, and data that need none. Nothing is imported until it is used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from normlab.data.points import chapter_points
    from normlab.data.table import Table, read_table

_MODULES = {"Table": "table", "chapter_points": "points", "read_table": "table"}

__all__ = ["Table", "chapter_points", "read_table"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
