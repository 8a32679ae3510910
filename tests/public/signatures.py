"""Names and signatures as plain text, the same under every version of Python and torch."""

import ast
import dataclasses
import enum
import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from textwrap import indent
from typing import Any

SPECIAL = ("__call__", "__getitem__", "__len__", "__iter__", "__enter__", "__exit__")
NAMED = ("check",)  # keys whose values are names that others look for
WIDTH = 70  # of parentheses that stay in one line
_PLAIN = (bool, int, float, str, type(None))


def members_of(module: types.ModuleType) -> dict[str, Any]:
    """What a module offers: what it lists, or what it defines itself under a public name."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return {name: getattr(module, name) for name in listed}
    here = vars(module).items()
    own = {n: v for n, v in here if getattr(v, "__module__", None) == module.__name__}
    return {name: value for name, value in own.items() if not name.startswith("_")}


def lines_of(name: str, value: Any) -> Iterator[str]:
    """One public name: a line, and for a class a line for each thing it offers."""
    if inspect.ismodule(value):
        yield f"{name}: module"
    elif inspect.isclass(value):
        yield f"class {name}{_bases(value)}{_constructed(value)}"
        yield from (indent(line, "    ") for line in _class_lines(value))
    elif callable(value):
        yield f"{name}{signature(value)}"
    else:
        yield f"{name}: {annotation(type(value))}"


def _bases(kind: type) -> str:
    above = [annotation(base) for base in kind.__bases__ if base is not object]
    return f"({', '.join(above)})" if above else ""


def _constructed(kind: type) -> str:
    """How it is made, where that is written in this package; a dataclass by its fields below."""
    if dataclasses.is_dataclass(kind) or issubclass(kind, Exception | tuple | enum.Enum):
        return ""
    home = next(base for base in kind.__mro__ if "__init__" in vars(base))
    if not ours(home):
        return ""
    return signature(vars(home)["__init__"], skip=1).removesuffix(" -> None")


def ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] == "normlab"


def _class_lines(kind: type) -> Iterator[str]:
    """Fields in their order, in which they can be given; then the rest by name."""
    fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    yield from (_field(field) for field in fields if not field.name.startswith("_"))
    known = {field.name for field in fields}
    for name, value in sorted(offered(kind).items()):
        if name not in known:
            yield from _member(name, value)


def offered(kind: type) -> dict[str, Any]:
    """Methods, properties and the like of a class and of those above it that are written here."""
    found: dict[str, Any] = {}
    for base in filter(ours, kind.__mro__):
        for name, value in vars(base).items():
            if name in SPECIAL or not name.startswith("_"):
                found.setdefault(name, value)
    return found


def _field(field: dataclasses.Field[Any]) -> str:
    given = field.default is not dataclasses.MISSING
    if field.default_factory is not dataclasses.MISSING:
        default = " = …"
    else:
        default = f" = {shown(field.default)}" if given else ""
    return f"{field.name}: {annotation(field.type)}{default}"


def _member(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, property | cached_property):
        getter = value.fget if isinstance(value, property) else value.func
        returned = inspect.signature(getter).return_annotation  # pyright: ignore[reportArgumentType]
        yield f"property {name}: {annotation(returned)}"
    elif isinstance(value, classmethod):
        yield f"classmethod {name}{signature(value.__func__, skip=1)}"
    elif isinstance(value, staticmethod):
        yield f"staticmethod {name}{signature(value.__func__)}"
    elif inspect.isfunction(value):
        yield f"{name}{signature(value, skip=1)}"
    elif type(value).__module__.startswith("traitlets"):
        yield f"trait {name}: {type(value).__name__}"


def signature(function: Callable[..., Any], skip: int = 0) -> str:
    given = inspect.signature(function)
    parameters = list(given.parameters.values())[skip:]
    parts: list[str] = []
    star = False
    for at, parameter in enumerate(parameters):
        kind = parameter.kind
        if kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
        star = star or kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        parts.append(_parameter(parameter))
        later = parameters[at + 1].kind if at + 1 < len(parameters) else None
        if kind is parameter.POSITIONAL_ONLY and later is not kind:
            parts.append("/")
    returned = given.return_annotation
    end = "" if returned is given.empty else f" -> {annotation(returned)}"
    line = f"({', '.join(parts)}){end}"
    if len(line) <= WIDTH:
        return line
    return "\n".join(["(", *(f"    {part}," for part in parts), f"){end}"])


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = stars + parameter.name
    if parameter.annotation is not parameter.empty:
        text += f": {annotation(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        text += f" = {shown(parameter.default)}"
    return text


def shown(value: Any) -> str:
    """A default: plain values as they are written, others by their kind."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, tuple):
        inner = ", ".join(map(shown, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if type(value).__module__ == "torch":
        return str(value)
    return f"<{'function' if inspect.isroutine(value) else type(value).__name__}>"


def annotation(value: Any) -> str:
    """A type as it would be written, without the modules that versions move it between."""
    if value is None or value is type(None):
        return "None"
    if value is Ellipsis:
        return "..."
    if isinstance(value, str):
        return ast.unparse(ast.parse(value, mode="eval"))
    if isinstance(value, list):
        return f"[{', '.join(map(annotation, value))}]"
    origin, inner = typing.get_origin(value), typing.get_args(value)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(map(annotation, inner))
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, inner))}]"
    if origin is not None and origin is not value:  # the origin of Generic is Generic
        return f"{annotation(origin)}[{', '.join(map(annotation, inner))}]"
    if isinstance(value, typing.ForwardRef):
        return annotation(value.__forward_arg__)
    return _named(value)


def _named(value: Any) -> str:
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or str(value)
    module = str(getattr(value, "__module__", "")).partition(".")[0]
    plain = module in ("builtins", "typing", "collections", "normlab", "types", "")
    plain = plain or name in ("Tensor", "Module")
    return name if plain or isinstance(value, typing.TypeVar) else f"{module}.{name}"


def keys_of(value: Any, path: str = "") -> Iterator[str]:
    """The keys of a JSON value, each with the kind of what it holds; a list by its first elements."""
    if isinstance(value, Mapping):
        yield f"{path or '.'}: object"
        for key, inner in value.items():
            yield from (
                [f"{path}.{key} = {inner}"] if key in NAMED else keys_of(inner, f"{path}.{key}")
            )
    elif isinstance(value, list | tuple):
        yield f"{path or '.'}: list"
        for inner in value:
            yield from keys_of(inner, f"{path}[]")
    else:
        yield f"{path}: {_KINDS[type(value)]}"


_KINDS = {
    bool: "true or false",
    int: "number",
    float: "number",
    str: "text",
    type(None): "null",
}
