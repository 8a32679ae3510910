"""normlab grade: learners' own implementations, their mistakes named."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.errors import DataError, SettingError
from normlab.safe import json_text, printable
from normlab.system.files import check_file, write_all
from normlab.system.options import JsonFlag, number
from normlab.system.progress import bar


def _option(words: str, metavar: str) -> Any:
    return typer.Option(help=words, metavar=metavar)


Files = Annotated[
    list[str] | None,
    typer.Argument(
        help="FILE.py, a notebook, a folder or a zip file; with :Name of a class or function in it."
    ),
]
Row = Annotated[
    str | None, _option("The row it implements, where its name does not say it.", "NAME")
]
Convention = Annotated[
    str,
    _option("keras: momentum is the share of the old average; torch: of the new batch.", "NAME"),
]
Forbid = Annotated[
    str,
    _option(
        "Modules whose functions must not be called, e.g. torch.nn.functional,normlab.", "NAMES"
    ),
]
Rubric = Annotated[
    str | None,
    _option("Points of the checks: a TOML file with a table [points], a total, or both.", "FILE"),
]
Solution = Annotated[bool, typer.Option("--solution", help="Show the solution too.")]
Summary = Annotated[
    bool, typer.Option("--summary", help="Print the summary of a class alone, without names.")
]
Csv = Annotated[Path | None, _option("Write a table too, one line for each submission.", "FILE")]
Gradescope = Annotated[Path | None, _option("Write Gradescope's results.json too.", "FILE")]
Nbgrader = Annotated[
    Path | None, _option("Write points by student and assignment too (CSV).", "FILE")
]
Timeout = Annotated[str, _option("Seconds for the calls of one file.", "NUMBER")]
Memory = Annotated[str, _option("Gigabytes for one file, besides torch.", "NUMBER")]
Template = Annotated[str | None, _option("Print a file to start from.", "ROW")]
Out = Annotated[Path | None, _option("Write the template there instead.", "FILE")]


def grade_files(
    files: Files = None,
    row: Row = None,
    convention: Convention = "",
    forbid: Forbid = "",
    rubric: Rubric = None,
    solution: Solution = False,
    summary: Summary = False,
    csv: Csv = None,
    gradescope: Gradescope = None,
    nbgrader: Nbgrader = None,
    timeout: Timeout = "10",
    memory: Memory = "2",
    template: Template = None,
    out: Out = None,
    as_json: JsonFlag = False,
) -> None:
    """Test your own implementation of a row, or those of a class, and name the mistakes.

    A class with torch's constructor and forward, or a function of x and the settings. Exit code 0: right;
    1: a mistake was found; 2: it could not be graded.
    """
    if template is not None or out is not None:
        _template(template, out, files)
        return
    if not files:
        raise SettingError(
            "no file given; try normlab grade my_bn.py, or --template batch to start one."
        )
    written = _checked({"csv": csv, "gradescope": gradescope, "nbgrader": nbgrader}, files)
    settings = {"row": row, "convention": convention, "forbid": _names(forbid), "rubric": rubric}
    reports = _graded(files, settings, {"timeout": timeout, "memory": memory})
    _write(reports, written)
    _warn(reports)
    _show(reports, solution, summary, as_json)


def _checked(written: Mapping[str, Path | None], files: Sequence[str]) -> Mapping[str, Path | None]:
    """The files to write, where there is room for them and the submissions fit them."""
    from normlab.grading.parent.submissions import labels
    from normlab.grading.parent.tables import check_fits

    if written["gradescope"] or written["nbgrader"]:
        held = labels(files)
        for option in (option for option, path in written.items() if path):
            check_fits(option, held)
    for option, path in written.items():
        if path is not None:
            check_file(path, f"--{option}")
    return written


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _graded(files: list[str], settings: Mapping[str, Any], limits: Mapping[str, str]) -> Any:
    """The reports, with a bar while they are made."""
    from normlab.grading import grade

    asked: dict[str, Any] = {**settings}
    asked |= {name: number(name, given) or 0.0 for name, given in limits.items()}
    with bar("grading") as progress:
        return grade(*files, progress=progress, **asked)


def _show(reports: Any, solution: bool, summary: bool, as_json: bool) -> None:
    """Print what was asked for; the exit code says whether a mistake was found."""
    from normlab.grading.parent import summary as told
    from normlab.grading.parent import text

    if as_json:
        print(json_text(list(reports) if solution else text.without_solutions(reports)))
    elif summary:
        print(told.summary(reports))
    elif len(reports) == 1:
        _one(reports[0], solution)
    else:
        print(told.many(reports))
    raise typer.Exit(text.exit_code(reports))


def _write(reports: Any, written: Mapping[str, Path | None]) -> None:
    from normlab.grading.parent import tables

    made = {
        "csv": tables.as_csv,
        "gradescope": tables.as_gradescope,
        "nbgrader": tables.as_nbgrader,
    }
    for option, path in written.items():
        if path is not None:
            content = made[option](reports).encode()
            write_all(path.parent, {path.name: content}, f"--{option}")


def _warn(reports: Sequence[dict[str, Any]]) -> None:
    """Where the system cannot hold the code back, that is said each time."""
    held = [report["confined"] for report in reports if report.get("confined")]
    open_ = [words for key, words in _KEPT_FROM.items() if not all(one[key] for one in held)]
    if open_:
        print(
            f"normlab: this system cannot keep the code from {' and from '.join(open_)}; grade code that you "
            f"do not trust in a container or a virtual machine.",
            file=sys.stderr,
        )


_KEPT_FROM = {"network": "the network", "files": "writing your files"}


def _one(report: dict[str, Any], solution: bool) -> None:
    from normlab.grading.parent import text

    if report["status"] == "refused":
        raise DataError(f"{printable(report['file'])}: {report['message']}")
    print(text.full(report, solution))


def _template(row: str | None, out: Path | None, files: list[str] | None) -> None:
    from normlab.grading.parent.templates import template

    if row is None or files:
        raise SettingError(
            "--out goes with --template ROW alone: normlab grade --template batch --out FILE."
        )
    content = template(row)
    if out is None:
        print(content, end="")
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        raise DataError(f"{str(out)!r} is there already; give another name with --out.") from None
    except OSError as error:
        raise DataError(
            f"cannot write {str(out)!r}: {error.strerror}. Give another --out."
        ) from error
    print(f"{out}: write its body, then run normlab grade {out}")


def register(app: typer.Typer) -> None:
    app.command("grade", epilog="Example: normlab grade my_bn.py:MyBatchNorm --row batch")(
        grade_files
    )
