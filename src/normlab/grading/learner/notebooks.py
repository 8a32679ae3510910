"""The cells of a notebook that define something, as code to run. Runs in the learner's process."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

_DEFINING = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def cells(path: Path) -> Iterator[CodeType | SyntaxError]:
    """The imports, functions, classes and constants of each cell; or why a cell cannot be read.

    Errors: ValueError for a file that is no notebook.
    """
    held = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(held, dict) or not isinstance(held.get("cells"), list):
        raise ValueError("it has no list of cells")
    for number, cell in enumerate(held["cells"], start=1):
        source = cell.get("source", "")
        if cell.get("cell_type") != "code":
            continue
        text = _plain("".join(source))
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            error.filename, error.text = f"{path}, cell {number}", text
            yield error
            continue
        for part in filter(_defines, tree.body):
            yield compile(ast.Module([part], []), f"{path}, cell {number}", "exec")


def _plain(source: str) -> str:
    """Python without the notebook's own commands."""
    if source.lstrip().startswith("%%"):
        return ""
    lines = source.splitlines()
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def _defines(part: ast.stmt) -> bool:
    """Whether a statement defines what others may need: no plots, no training."""
    if isinstance(part, _DEFINING):
        return True
    value = getattr(part, "value", None)
    return isinstance(part, ast.Assign | ast.AnnAssign) and isinstance(
        value, ast.Constant | ast.Tuple
    )
