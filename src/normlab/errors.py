"""Errors of normlab: each is also the built-in error that a caller would expect.

A message says what was given, what must hold, and what to do about it, in one line.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec

# the modules that a part of normlab imports, by the extra that installs them
MODULES: Mapping[str, tuple[str, ...]] = {
    "tables": ("pyarrow", "datasketches"),
    "report": ("matplotlib", "jinja2", "latex2mathml", "markdown_it"),
    "lab": ("scipy", "matplotlib", "jinja2", "latex2mathml", "markdown_it", "pyarrow"),
    "explorer": ("starlette", "uvicorn", "websockets"),
    "onnx": ("onnx", "onnxscript"),
    "photographs": ("sklearn", "skimage"),
    "training": ("sklearn",),
}


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The part of a message that names the nearest known name, or nothing.

    >>> did_you_mean("bach", ["batch", "layer"])
    " Did you mean 'batch'?"
    """
    near = get_close_matches(str(name), list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def one_line(error: BaseException, most: int | None = 200) -> str:
    """The text of an error that is not ours, as part of a message: in one line, cut to `most` characters.

    >>> one_line(ValueError("no such\\n    shape"))
    'no such shape'
    """
    return " ".join(str(error).split())[:most]


class NormlabError(Exception):
    """Base of every error that normlab raises on purpose."""


class ShapeError(NormlabError, ValueError):
    """A tensor has the wrong rank, number of channels or size."""


class DtypeError(NormlabError, TypeError):
    """A tensor has a dtype that cannot be normalised."""


class SettingError(NormlabError, ValueError):
    """A setting is unknown, missing or outside its domain."""


class DataError(NormlabError, ValueError):
    """A file, table or folder cannot be used as it is."""


class TransformError(NormlabError, RuntimeError):
    """A transform of torch.func would have to change a tensor that it only captured."""


class ScriptError(NormlabError, RuntimeError):
    """torch.jit.script cannot compile a layer."""


class CheckError(NormlabError, ValueError):
    """A module cannot be checked, graded or converted as it is."""


class MissingExtraError(NormlabError, ImportError):
    """A part of normlab needs a package that only comes with an extra."""

    @classmethod
    def of(cls, what: str, package: str | None, extra: str) -> "MissingExtraError":
        """What needs which package, and the command that installs it.

        >>> message = str(MissingExtraError.of("the page", "starlette", "explorer"))
        >>> message.partition(";")[0], "[explorer]" in message
        ('the page needs starlette, which is not installed', True)
        """
        from normlab._installed import advice  # which takes a moment to import

        several = " and " in str(package)
        missing = "are not installed; install them" if several else "is not installed; install it"
        return cls(f"{what} needs {package}, which {missing} with {advice(extra)}.")


def absent(extra: str) -> list[str]:
    """The modules of an extra that are not installed.

    >>> absent("tables")
    []
    """
    return [name for name in MODULES[extra] if find_spec(name) is None]


def need(what: str, extra: str) -> None:
    """Errors: MissingExtraError where a module of the extra is not installed."""
    if missing := absent(extra):
        raise MissingExtraError.of(what, " and ".join(missing), extra)


class ProcessError(NormlabError, RuntimeError):
    """A process that computed for this one was ended before it had finished."""
