"""normlab doctor: what is wrong with the normalisation in a network."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from normlab.system.console import say
from normlab.system.files import check_writable
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
    help="What is wrong with the normalisation in a network, and the verified fix. "
    "normlab doctor MODEL is short for normlab doctor examine MODEL.",
    epilog="Example: normlab doctor my_net.py:Net --weights w.pt --data batches.pt --html out.html",
    no_args_is_help=True,
    rich_markup_mode=None,
)
WeightsOption = Annotated[
    Path | None, typer.Option(help="A state_dict to load first: pt, safetensors.", metavar="FILE")
]
DataOption = Annotated[
    Path | None,
    typer.Option(help="Batches: pt, npy, npz, or a folder of them.", metavar="PATH"),
]


def examine_model(
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
    batch_size: Annotated[
        str | None,
        typer.Option(help="Into which arrays of data are cut.  [default: 64]", metavar="NUMBER"),
    ] = None,
    max_batches: Annotated[
        str | None,
        typer.Option(help="How many are looked at.  [default: 100]", metavar="NUMBER"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="A rule to apply, by code or name. May be given again.", metavar="RULE"),
    ] = None,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Say what would be mended; with --out, mend it and verify."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the mended state_dict.", metavar="FILE")
    ] = None,
    training: Annotated[
        bool, typer.Option("--training", help="Examine the model as it is in train().")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write the report as a page.", metavar="FILE")
    ] = None,
    sarif: Annotated[
        Path | None, typer.Option(help="Write it as SARIF, for code hosts.", metavar="FILE")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(help="A file of known findings, which are left out.", metavar="FILE"),
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(help="Write what is found as known.", metavar="FILE")
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            help="Exit code 1 from this severity on: error, warning, remark.", metavar="SEVERITY"
        ),
    ] = None,
    explain: Annotated[str | None, typer.Option(help="All about one rule.", metavar="RULE")] = None,
    list_rules: Annotated[bool, typer.Option("--list", help="List the rules.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Examine a model: every rule, what it measured, and what to do. Nothing of the model is changed."""
    from normlab.doctor import from_words

    if list_rules or explain is not None:
        say(from_words.explained(explain) if explain is not None else from_words.listed())
        return
    if model is None:
        raise typer.BadParameter("give a model, package.module:callable, or a state_dict.")
    from_words.check_severity(fail_on)
    if out is not None and not fix:
        raise typer.BadParameter("--out goes with --fix.")
    for path, option in (
        (html, "--html"),
        (out, "--out"),
        (sarif, "--sarif"),
        (write_baseline, "--write-baseline"),
    ):
        if path is not None:
            check_writable(path.absolute().parent, option)
    batches = from_words.batches_of(data, whole("batch-size", batch_size))
    subject = from_words.subject(model, weights)
    with bar("Examining") as progress:
        report = from_words.examined(
            subject, batches, whole("max-batches", max_batches), only, training, progress
        )
    report = from_words.known_left_out(report, baseline)
    if fix:
        report = _mended(subject, report, batches, only, out, as_json)
        raise typer.Exit(1 if fail_on is not None and report.fails_on(fail_on) else 0)  # pyright: ignore[reportArgumentType]
    _given_out(report, html, sarif, write_baseline, as_json)
    raise typer.Exit(1 if fail_on is not None and report.fails_on(fail_on) else 0)  # pyright: ignore[reportArgumentType]


def _mended(
    model: Any, report: Any, batches: Any, only: list[str] | None, out: Path | None, as_json: bool
) -> Any:
    """The plan, or with `out` the mended weights; the report of what is left is returned."""
    from normlab.doctor.fix_command import give_out
    from normlab.doctor.fixing import fix

    with bar("Fixing") as progress:
        fixed = fix(model, report, batches, only, dry_run=out is None, progress=progress)
    give_out(fixed, out, as_json)
    return fixed.report or report


def _given_out(
    report: Any, html: Path | None, sarif: Path | None, known: Path | None, as_json: bool
) -> None:
    """Files first, so that what is printed last stays in sight."""
    from normlab.doctor import baseline, from_words
    from normlab.doctor.showing.sarif import as_sarif
    from normlab.safe import json_text
    from normlab.system.files import write_all

    if html is not None:
        report.to_html(html)
    if sarif is not None:
        text = json_text(as_sarif(report))
        write_all(sarif.absolute().parent, {sarif.name: text.encode()}, "--sarif")
    if known is not None:
        baseline.written(report, known)
    if as_json:
        say(json_text(report.to_json()))
        return
    print(from_words.shown(report, sys.stdout.isatty()), flush=True)
    for path in (html, sarif, known):
        if path is not None:
            say(f"Written: {path}")


doctor_app.command(
    "examine", epilog="Example: normlab doctor my_net.py:Net --weights w.pt --data batches.pt"
)(examine_model)


def register(app: typer.Typer) -> None:
    app.add_typer(doctor_app, name="doctor")
