"""The source of a class or function in memory, with what it uses of its module: enough for a file."""

import ast
import builtins
import inspect
import linecache
import symtable
import sys
from types import FunctionType, ModuleType
from typing import Any

from normlab.errors import SettingError

_PLAIN = (bool, int, float, str, bytes, type(None))


class UnreadableError(SettingError):
    """It has no source, or uses what cannot be written down."""


def source_of(given: Any) -> str:
    """Imports, constants, helpers and the class or function itself, in an order that can be run.

    Errors: UnreadableError.
    """
    lines: dict[str, str] = {}
    _write(given.__name__, given, lines, ())
    return "\n\n".join(lines.values()) + "\n"


def _write(name: str, value: Any, lines: dict[str, str], within: tuple[str, ...]) -> None:
    """Put what defines a name into `lines`, what it needs before it."""
    if name in lines or name in within:
        return
    if isinstance(value, ModuleType):
        lines[name] = f"import {value.__name__} as {name}"
    elif isinstance(value, _PLAIN) or _is_plain(value):
        lines[name] = f"{name} = {value!r}"
    elif _imported(value, within):
        lines[name] = f"from {value.__module__} import {value.__qualname__} as {name}"
    elif isinstance(value, type | FunctionType):
        text, used = _own(value)
        held = vars(sys.modules[value.__module__]) if isinstance(value, type) else value.__globals__
        for other in used - {name, *dir(builtins)}:
            if other in held:
                _write(other, held[other], lines, (*within, name))
        lines[name] = text if value.__name__ == name else f"{text}\n\n{name} = {value.__name__}"
    else:
        raise UnreadableError(
            f"{within[-1]} uses {name}, a {type(value).__name__} from outside; make it inside {within[-1]}, "
            f"or write all into a file and grade that"
        )


def _is_plain(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(one, _PLAIN) for one in value)


def _imported(value: Any, within: tuple[str, ...]) -> bool:
    """Whether a helper comes from an installed module, so that it can be imported by name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", ".")
    home = sys.modules.get(module or "")
    if not within or home is None or module == "__main__" or getattr(home, name, None) is not value:
        return False
    installed = "site-packages" in str(getattr(home, "__file__", ""))
    root = str(module).partition(".")[0]
    return installed or root == "normlab" or root in sys.stdlib_module_names


def _own(value: Any) -> tuple[str, set[str]]:
    """The text that defines a class or function, and the names that it uses."""
    code = _code(value)
    lines = linecache.getlines(code.co_filename) if code else []
    kind = ast.ClassDef if isinstance(value, type) else ast.FunctionDef
    found = [
        node for node in ast.walk(_parsed("".join(lines)))
        if isinstance(node, kind) and node.name == value.__name__
    ]  # fmt: skip
    if code and not isinstance(value, type) and len(found) > 1:
        found = [
            node for node in found if node.lineno <= code.co_firstlineno <= (node.end_lineno or 0)
        ]
    if not found:
        raise UnreadableError(
            f"the source of {value.__name__} cannot be read; write it into a file and give that: "
            f"normlab.grade('my_bn.py:{value.__name__}')"
        )
    text = ast.unparse(found[-1])
    return text, _globals_of(text)


def _globals_of(text: str) -> set[str]:
    """The names that it takes from its module; a local name may be one of them by chance."""
    module = symtable.symtable(text, "source", "exec")
    used = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_referenced()}
    inner = module.get_children()
    for table in inner:
        used |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
        inner += table.get_children()
    return used


def _code(value: Any) -> Any:
    """The code of a function, or of the first of a class's own."""
    if isinstance(value, FunctionType):
        return value.__code__
    held = (inspect.unwrap(getattr(v, "__func__", v)) for v in vars(value).values() if callable(v))
    return next((one.__code__ for one in held if isinstance(one, FunctionType)), None)


def _parsed(text: str) -> ast.AST:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])
