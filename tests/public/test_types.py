"""Every public function and method says what it takes and what it returns."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from interface import CLASSES, MODULES

SOURCE = Path(__file__).parents[2] / "src" / "normlab"
DRAWN = "drawings"  # whose functions take the arrays of a figure by name, and are called by figures alone
FILES = [p for p in sorted(SOURCE.rglob("*.py")) if DRAWN not in (*p.parts, p.stem)]
_NO_VALUE = ("__init__", "__post_init__")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(node: ast.AST, of: str = "") -> Iterator[tuple[str, Function, bool]]:
    """(name, function, whether it is a class's) of every public one in a module and its public classes."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, Function) and _public(inner.name):
            yield f"{of}{inner.name}", inner, bool(of)
        elif isinstance(inner, ast.ClassDef) and _public(inner.name):
            yield from functions(inner, f"{inner.name}.")


def _public(name: str) -> bool:
    return not name.startswith("_") or name.startswith("__")


def open_in(function: Function, method: bool) -> list[str]:
    """The parameters whose type is left open, and "return"."""
    given = function.args
    static = any(
        isinstance(d, ast.Name) and d.id == "staticmethod" for d in function.decorator_list
    )
    plain = [*given.posonlyargs, *given.args][1 if method and not static else 0 :]
    named = [*plain, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    left = [parameter.arg for parameter in named if parameter.annotation is None]
    untyped = function.returns is None and function.name not in _NO_VALUE
    return [*left, "return"] if untyped else left


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_parameter_and_every_value_has_a_type(path):
    found = {name: open_in(function, own) for name, function, own in functions(parsed(path))}
    assert {name: left for name, left in found.items() if left} == {}


def test_the_walk_finds_what_is_left_open():
    code = "class A:\n  def f(self, x, *y, z: int = 0): ...\n  @staticmethod\n  def g(x: int) -> int: ...\n"
    found = [open_in(function, own) for _, function, own in functions(ast.parse(code))]
    assert found == [["x", "y", "return"], []]


def test_no_public_module_is_left_out():
    walked = {str(path.relative_to(SOURCE.parent)) for path in FILES}
    for name in [*MODULES, *(name for name, *_ in CLASSES)]:
        path = name.replace(".", "/")
        assert {f"{path}.py", f"{path}/__init__.py"} & walked
