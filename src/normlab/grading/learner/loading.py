"""A learner's file, run and looked through. Runs in the learner's process."""

import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from normlab.errors import NormlabError, SettingError, one_line
from normlab.grading.learner.notebooks import cells
from normlab.grading.names import guess, rows_in

_CONFINED = ", as code that is graded has no network and can write only into its current folder"


class RefusedError(NormlabError):
    """The file cannot be graded as it is, and why."""


def load(path: Path, name: str | None = None) -> ModuleType:
    """Run the file as a module of its own; its folder can be imported from."""
    module = ModuleType(f"learner_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.parent.resolve()))
    if path.suffix == ".ipynb":
        _run_cells(path, module, name)
    else:
        with _refusing(path):
            exec(compile(path.read_bytes(), path, "exec"), vars(module))
    return module


def _run_cells(path: Path, module: ModuleType, name: str | None) -> None:
    """Run what a notebook's cells define. What fails is not there; it may not be needed."""
    failed: list[BaseException] = []
    try:
        for cell in cells(path):
            if isinstance(cell, SyntaxError):
                failed.append(cell)
                continue
            try:
                exec(cell, vars(module))
            except Exception as error:
                failed.append(error)
    except (ValueError, UnicodeDecodeError) as error:
        raise RefusedError(f"it is no notebook that can be read ({error}).") from error
    if failed and not (name in vars(module) if name else _defined(module)):
        with _refusing(path):
            raise failed[0]


def _defined(module: ModuleType) -> dict[str, Any]:
    """The classes and functions of the module itself."""
    return {
        key: value
        for key, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and (inspect.isclass(value) or inspect.isfunction(value))
    }


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """What keeps a file from being run, in words."""
    try:
        yield
    except SyntaxError as error:
        cell = _cell(str(error.filename), path)
        where = f"{cell}line {error.lineno}: " if error.lineno else ""
        told = "fix that line first" if where else "save it as UTF-8 text"
        raise RefusedError(f"{where}{error.msg}, so Python cannot read it; {told}.") from error
    except ImportError as error:
        raise RefusedError(
            f"{error}{_line(error, path)}; install it, or do without the import."
        ) from error
    except BaseException as error:
        raise RefusedError(
            f"running the file ends in {words(error, path)}; it must be possible to import it."
        ) from error


def words(error: BaseException, path: Path) -> str:
    """An error in one line, with the last line of the learner's file that it came through."""
    text = one_line(error, None)
    text = text if len(text) <= 160 else text[:157] + "..."
    confined = isinstance(error, PermissionError) and sys.platform == "linux"
    return (
        f"{type(error).__name__}{': ' if text else ''}{text}{_line(error, path)}"
        f"{_CONFINED if confined else ''}"
    )


def _line(error: BaseException, path: Path) -> str:
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(str(path))
    ]
    return f" ({_cell(frames[-1].filename, path)}line {frames[-1].lineno})" if frames else ""


def _cell(filename: str, path: Path) -> str:
    """Of a notebook's code, which cell it is."""
    cell = filename.removeprefix(str(path)).removeprefix(", ")
    return f"{cell}, " if cell.startswith("cell ") else ""


def chosen(module: ModuleType, path: Path, name: str | None, row: str | None) -> tuple[Any, str]:
    """The class or function to grade, and its row."""
    defined = _defined(module)
    if name is not None:
        if name not in defined:
            raise RefusedError(f"it defines no {name!r}; it has {listed(defined)}.")
        target = name
    else:
        target = _only(defined, row)
    try:
        return defined[target], row or guess(target, re.sub(r"\W", "_", path.stem))
    except SettingError as error:
        raise RefusedError(str(error)) from error


def listed(names: Any) -> str:
    return ", ".join(names) or "no class and no function"


def _only(defined: dict[str, Callable[..., Any]], row: str | None) -> str:
    """The one candidate: public, callable on x, named after a row where others are not."""
    public = [n for n in defined if not n.startswith("_") and "backward" not in n.split("_")]
    callable_ = [
        name for name in public if not inspect.isclass(defined[name]) or forward_of(defined[name])
    ]
    named = [name for name in callable_ if rows_in(name) and (row is None or row in rows_in(name))]
    for names in (named or callable_,):
        classes = [name for name in names if inspect.isclass(defined[name])]
        found = classes or names
        if len(found) == 1:
            return found[0]
        if found:
            raise RefusedError(f"it defines {listed(found)}; say which, as in FILE.py:{found[0]}.")
    if public:
        raise RefusedError(
            f"the class {public[0]} has no forward; give it forward(self, x), or write a function of x."
        )
    raise RefusedError("it defines no class and no function; write one of them.")


def forward_of(kind: Any) -> Callable[..., Any] | None:
    """What is called with x: forward, or __call__ where the class has one of its own."""
    own = [vars(base) for base in kind.__mro__]
    for name in ("forward", "__call__"):
        if any(callable(held.get(name)) for held in own):
            return getattr(kind, name)
    return None
