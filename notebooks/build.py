"""Make the two notebooks of the lesson from their one source: `make notebooks`.

`lesson/` holds the source: Markdown, with cells of code between ```{code-cell} and ```. What stands between
« and » is an answer: the teacher's notebook has it, the student's has three dots, or what follows ¦ there.
The teacher's is run from top to bottom and saved with its output; the student's has none. Only cells,
pictures and text are kept: no times, versions or paths.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
SOURCE = HERE / "lesson"
TEACHER, STUDENT = HERE / "chapter.ipynb", HERE / "chapter-student.ipynb"
_CODE = re.compile(r"^```\{code-cell\}\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_ANSWER = re.compile(r"«([^»¦]*)(?:¦([^»]*))?»")
_EDITIONS = {
    TEACHER: "This is the teacher's notebook, with every answer and all output.",
    STUDENT: (
        "At the end of each section is an exercise: write your answer in place of the three dots `...`, and "
        "the check below it says whether it is right, or what is wrong."
    ),
}
_INSTALLING = {  # by whether the repository is known
    True: "Elsewhere, as in Colab, it installs normlab from its repository, which takes some minutes.",
    False: (
        "Elsewhere, as in Colab, upload normlab's wheel first (the folder sign on the left), which "
        "`make wheel` puts into `dist/`; or write the path of a wheel or a clone into the cell."
    ),
}
_BADGE = "[![Open in {0}](https://{1})](https://{2})"
_BADGES = (
    ("Colab", "colab.research.google.com/assets/colab-badge.svg", "colab.research.google.com/github/{0}/{1}"),
    ("Binder", "mybinder.org/badge_logo.svg", "mybinder.org/v2/gh/{0}/HEAD?labpath={2}"),
)  # fmt: skip


def notebook(path: Path, repository: str = "") -> Any:
    """The teacher's or the student's notebook, without output."""
    made = nbformat.v4.new_notebook()
    made.metadata.kernelspec = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    made.metadata.language_info = {"name": "python"}
    told = {
        "badges": badges(path.name, repository),
        "edition": _EDITIONS[path],
        "installing": _INSTALLING[bool(repository)],
        "clone": f"git+https://github.com/{repository}" if repository else "",
    }
    for part in sorted(SOURCE.glob("*.md")):
        text = part.read_text("utf-8")
        for name, words in told.items():
            text = text.replace(f"{{{name}}}", words)
        made.cells += _cells(part.stem.partition("-")[2], text, path == STUDENT)
    return made


def _cells(section: str, text: str, blank: bool) -> Iterator[Any]:
    """Text and code in turn; the id of each tells its section."""
    for number, part in enumerate(_CODE.split(text)):
        is_code = number % 2 == 1
        content = (blanked if blank else answered)(part) if is_code else part
        if content.strip():
            make = nbformat.v4.new_code_cell if is_code else nbformat.v4.new_markdown_cell
            text = re.sub(r"\n{3,}(?=\S)", "\n\n", content) if not is_code else content
            yield make(text.strip(), id=f"{section}-{number}" if number else section)


def answered(code: str) -> str:
    """Code with the teacher's answers."""
    return _ANSWER.sub(r"\1", code)


def blanked(code: str) -> str:
    """Code with what the student sees instead."""
    return _ANSWER.sub(lambda found: "..." if found[2] is None else found[2], code)


def badges(name: str, repository: str) -> str:
    """Links that open a notebook in Colab and Binder, where the repository (owner/name) is known."""
    path = f"notebooks/{name}"
    places = (repository, f"blob/HEAD/{path}", path.replace("/", "%2F"))
    links = (_BADGE.format(title, sign, to.format(*places)) for title, sign, to in _BADGES)
    return " ".join(links) if repository else ""


def repository() -> str:
    """owner/name on GitHub, as pyproject.toml has it under [project.urls], or nothing."""
    held = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))
    urls = held["project"].get("urls", {}).values()
    found = re.search(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?(?:\s|$)", " ".join(urls))
    return found[1] if found else ""


def execute(made: Any, folder: Path, timeout: int = 120) -> Any:
    """The notebook run from top to bottom in a kernel of its own, in that folder.

    CellExecutionError tells which cell failed and how, CellTimeoutError which took longer than
    `timeout` seconds.
    """
    client = NotebookClient(
        made,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    made.metadata.language_info = {"name": "python"}
    return made


def main() -> None:
    for path in (TEACHER, STUDENT):
        made = notebook(path, repository())
        nbformat.write(execute(made, HERE) if path == TEACHER else made, path)
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
