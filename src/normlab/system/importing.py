"""What a command line names: classes and functions in modules or files."""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from normlab.errors import CheckError, SettingError


def named(place: str, example: str) -> Any:
    """The object of "package.module:name" or "file.py:name"; None where the module has none."""
    home, _, name = place.partition(":")
    if not name:
        raise SettingError(
            f"{place!r} given; it must be package.module:name or file.py:name, for example {example}."
        )
    return getattr(_imported(home), name, None)


def _imported(home: str) -> Any:
    try:
        if not home.endswith(".py"):
            sys.path.insert(0, "")  # the user's own package, as python -m finds it
            return importlib.import_module(home)
        return _of_file(home)
    except SyntaxError as error:
        raise CheckError(f"{home}, line {error.lineno}: {error.msg}; fix the syntax.") from error
    except Exception as error:
        raise CheckError(
            f"{home} cannot be imported ({type(error).__name__}: {error}); give an installed module, "
            f"or a file that imports by itself."
        ) from error


def _of_file(home: str) -> Any:
    """The module of a file. No __pycache__ is written beside it: the folder is the user's."""
    spec = importlib.util.spec_from_file_location(Path(home).stem, home)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module
