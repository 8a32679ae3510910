"""Where the class that holds a layer stands in the source: what code hosts show a finding at."""

import ast
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
    """By the code of its own forward or __init__: a class of a file that is no module is found so too."""
    own = vars(kind).get("forward") or vars(kind).get("__init__")
    code = getattr(own, "__code__", None)
    if code is None:
        return None
    try:
        tree = ast.parse(Path(code.co_filename).read_text("utf-8"))
    except (OSError, ValueError, SyntaxError):  # typed into a notebook, or compiled
        return None
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or node.name != kind.__name__:
            continue
        if node.lineno <= code.co_firstlineno <= (node.end_lineno or 0):
            return Path(code.co_filename).as_posix(), node.lineno
    return None
