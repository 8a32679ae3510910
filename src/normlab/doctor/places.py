"""Where the class of a module stands in the source: what code hosts show a finding at."""

import inspect
from pathlib import Path

from torch import nn


def source_of(module: nn.Module | None) -> tuple[str, int] | None:
    """File and first line of the class of a module, or None where there is no source."""
    if module is None:
        return None
    try:
        file = inspect.getsourcefile(type(module))
        _, line = inspect.getsourcelines(type(module))
    except (OSError, TypeError):
        return None
    return None if file is None else (Path(file).as_posix(), line)
