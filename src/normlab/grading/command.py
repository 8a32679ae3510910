"""normlab grade: a learner's own implementation, its mistake named."""

from pathlib import Path
from typing import Annotated, Any

import typer

from normlab.errors import DataError, SettingError
from normlab.safe import json_text
from normlab.system.options import JsonFlag, number
from normlab.system.progress import bar


def grade_files(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="FILE.py, or FILE.py:Name of a class or function in it."),
    ] = None,
    row: Annotated[
        str | None,
        typer.Option(help="The row it implements, where its name does not tell.", metavar="NAME"),
    ] = None,
    solution: Annotated[bool, typer.Option("--solution", help="Tell the solution too.")] = False,
    timeout: Annotated[
        str, typer.Option(help="Seconds for the calls of one file.", metavar="NUMBER")
    ] = "10",
    memory: Annotated[
        str, typer.Option(help="Gigabytes for one file, besides torch.", metavar="NUMBER")
    ] = "2",
    template: Annotated[
        str | None, typer.Option(help="Print a file to start from.", metavar="ROW")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the template there instead.", metavar="FILE")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Test your own implementation of a row, and name its mistake.

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
    from normlab.grading import grade
    from normlab.grading.parent import text

    asked = {"timeout": timeout, "memory": memory}
    limits = {name: number(name, given) or 0.0 for name, given in asked.items()}
    with bar("grading") as progress:
        reports = grade(*files, row=row, progress=progress, **limits)
    if as_json:
        told = reports if solution else text.without_solutions(reports)
        print(json_text(told))
    elif len(reports) == 1:
        _one(reports[0], solution)
    else:
        print("\n".join([*map(text.line, reports), "", text.summary(reports)]))
    raise typer.Exit(text.exit_code(reports))


def _one(report: dict[str, Any], solution: bool) -> None:
    from normlab.grading.parent import text

    if report["status"] == "refused":
        raise DataError(f"{report['file']}: {report['message']}")
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
