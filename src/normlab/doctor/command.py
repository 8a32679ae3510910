"""normlab doctor: what is wrong with the normalisation in a network."""

import sys
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from normlab.errors import need
from normlab.system.console import say
from normlab.system.files import check_file
from normlab.system.options import JsonFlag, whole
from normlab.system.progress import bar


class _Doctor(TyperGroup):
    """Whatever is not the name of a subcommand is given to `examine`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["examine", *args]
        return super().parse_args(ctx, args)


doctor_app = typer.Typer(
    cls=_Doctor,
    help="Find what is wrong with the normalisation in a network, and fix it. "
    "normlab doctor MODEL is short for normlab doctor examine MODEL.",
    epilog="Example: normlab doctor my_net.py:Net --weights w.pt --data batches.pt --html out.html",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@doctor_app.callback()
def _doctor(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


WeightsOption = Annotated[
    Path | None, typer.Option(help="A state_dict to load first: pt, safetensors.", metavar="FILE")
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        help="Batches: pt, npy, npz, or a folder of such files or of images.", metavar="PATH"
    ),
]
SizeOption = Annotated[
    str | None,
    typer.Option(
        help="Samples in a batch cut from an array, or from images.  [default: 64]",
        metavar="NUMBER",
    ),
]


def examine_model(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            help="package.module:callable or file.py:callable that returns a model (its code is run), or a "
            "state_dict: pt, safetensors.",
            metavar="MODEL",
        ),
    ] = None,
    weights: WeightsOption = None,
    data: DataOption = None,
    batch_size: SizeOption = None,
    max_batches: Annotated[
        str | None,
        typer.Option(help="How many batches to examine.  [default: 100]", metavar="NUMBER"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="A rule to apply, by code or name. May be given again.", metavar="RULE"),
    ] = None,
    training: Annotated[
        bool, typer.Option("--training", help="Examine the model as it is in train().")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write the report as a page.", metavar="FILE")
    ] = None,
    sarif: Annotated[
        Path | None, typer.Option(help="Write the report as SARIF, for code hosts.", metavar="FILE")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(help="A file of known findings, which are not reported.", metavar="FILE"),
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(help="Write the findings to such a file.", metavar="FILE")
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="Exit with code 1 for findings of this severity or worse: error, warning, remark.",
            metavar="SEVERITY",
        ),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Show what the fixes would do; nothing is changed.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Fix a copy of the model and write its state_dict to this file.", metavar="FILE"
        ),
    ] = None,
    explain: Annotated[str | None, typer.Option(help="Explain one rule.", metavar="RULE")] = None,
    list_rules: Annotated[bool, typer.Option("--list", help="List the rules.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Examine a model with every rule. The model is not changed."""
    from normlab.doctor import from_words

    if list_rules or explain is not None:
        say(from_words.explained(explain) if explain is not None else from_words.listed())
        return
    if model is None:
        raise typer.BadParameter("give a model, package.module:callable, or a state_dict.")
    from_words.check_severity(fail_on)
    files = Files(html, sarif, write_baseline, out)
    files.check()
    batches = from_words.batches_of(data, whole("batch-size", batch_size))
    known = from_words.known(baseline)
    subject = from_words.subject(model, weights)
    if fix or out is not None:
        from_words.check_fixable(subject)
    with bar("Examining") as progress:
        report = from_words.examined(
            subject, batches, whole("max-batches", max_batches), only, training, progress
        )
    report = from_words.known_left_out(report, known)
    fixed = None
    if fix or out is not None:
        with bar("Fixing") as progress:
            convert = context.obj["convert"]
            fixed = from_words.fixed(subject, report, batches, out, convert, progress)
    _given_out(report, fixed, files, as_json)
    failed = fail_on is not None and report.fails_on(fail_on)  # pyright: ignore[reportArgumentType]
    raise typer.Exit(1 if failed else 0)


class Files(NamedTuple):
    """What is to be written, and where; None for what is not."""

    html: Path | None
    sarif: Path | None
    write_baseline: Path | None
    out: Path | None

    def check(self) -> None:
        if self.html is not None:
            need("--html", "report")
        for name, path in self._asdict().items():
            if path is not None:
                check_file(path, f"--{name.replace('_', '-')}")


def _given_out(report: Any, fixed: Any, files: Files, as_json: bool) -> None:
    """Files first, so that what is printed last stays in sight."""
    from normlab.doctor import from_words
    from normlab.safe import json_text

    from_words.written(report, files.html, files.sarif, files.write_baseline)
    if as_json:
        plan = {} if fixed is None else {"fixed": fixed.to_json()}
        say(json_text(report.to_json() | plan))
        return
    print(from_words.shown(report, sys.stdout.isatty()), flush=True)
    if fixed is not None:
        say(f"\n{fixed}")
    for path in files:
        if path is not None:
            say(f"Written: {path}")
    if fixed is not None and fixed.in_code:
        done = ", ".join(fixed.in_code)
        say(f"A state_dict does not hold all that {done} did: change the model's code too.")


doctor_app.command(
    "examine", epilog="Example: normlab doctor my_net.py:Net --weights w.pt --data batches.pt"
)(examine_model)


def register(app: typer.Typer) -> None:
    app.add_typer(doctor_app, name="doctor")
