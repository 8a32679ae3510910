"""What decides the numbers of a cell besides its settings: this code, the library's, and torch."""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).parents[3]

# folders and files of the package: the engine, and the arithmetic it computes with
DECIDING = (
    "lab/training/engine",
    "nn",
    "functional",
    "kernels",
    "equation",
    "moments.py",
    "filters.py",
    "dtypes.py",
    "tracing.py",
)
# among them, what only writes rows down and refuses input
WORDS = ("equation/formula.py", "nn/checks.py")


@cache
def fingerprint() -> str:
    """Of torch's version and of all code that decides: after a change, nothing that was kept fits.

    Comments, docstrings, layout and the messages of errors decide nothing, and may change. Another
    version of Python may write the same code another way; then cells are computed again.
    """
    return hashlib.sha256((version("torch") + digest(PACKAGE)).encode()).hexdigest()


def digest(package: Path) -> str:
    """Of what the deciding sources of a package do, not of how they are written down."""
    found = hashlib.sha256()
    for path in sources(package):
        code = path.read_text(encoding="utf-8")
        found.update(f"{path.relative_to(package).as_posix()}\n{meaning(code)}\n".encode())
    return found.hexdigest()


def sources(package: Path) -> list[Path]:
    """The files that decide, in an order that does not depend on the machine."""
    every = {path for name in DECIDING for path in _python(package / name)}
    return sorted(every - {package / name for name in WORDS})


def meaning(code: str) -> str:
    """The syntax tree of a module without docstrings and without the messages of errors.

    >>> meaning('def f(x):\\n    "Twice x."\\n    return 2 * x') == meaning("def f(x): return 2 * x  # !")
    True
    >>> meaning("def f(x): return 2 * x") == meaning("def f(x): return 3 * x")
    False
    """
    return ast.dump(_Bare().visit(ast.parse(code)))


class _Bare(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """A string that stands alone does nothing."""
        alone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if alone else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """What raises gives no numbers: the kind of error may be caught, its message is only read."""
        kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return ast.Raise(kind, None)


def _python(path: Path) -> Iterator[Path]:
    return iter([path]) if path.is_file() else path.rglob("*.py")
