"""Where the class that holds a layer stands in the source: what code hosts show a finding at."""

import inspect
from pathlib import Path

from torch import nn


def source_of(model: nn.Module | None, name: str) -> tuple[str, int] | None:
    """File and first line of the innermost class around a layer that is not torch's; None without source."""
    if model is None:
        return None
    parts = name.split(".") if name else []
    for number in range(len(parts), -1, -1):
        holder = _part(model, ".".join(parts[:number]))
        if holder is not None and not type(holder).__module__.startswith("torch."):
            return _place(type(holder))
    return None


def _part(model: nn.Module, name: str) -> nn.Module | None:
    try:
        return model.get_submodule(name)
    except AttributeError:
        return None


def _place(kind: type) -> tuple[str, int] | None:
    try:
        file = inspect.getsourcefile(kind)
        _, line = inspect.getsourcelines(kind)
    except (OSError, TypeError):
        return None
    return None if file is None else (Path(file).as_posix(), line)
