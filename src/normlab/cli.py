"""The command line. Nothing heavy is imported until a command runs; an error is one plain line."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import click
import typer

from normlab import __version__
from normlab.errors import DataError, NormlabError, SettingError

OUT = Path("normlab-out")

app = typer.Typer(
    name="normlab",
    help="See, use and trust normalisation in neural networks, artificial and biological.",
    epilog="Example: normlab run chapter --data iris.csv --norm layer",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
run_app = typer.Typer(
    help="The laboratory. Without a name: the list of experiments.",
    epilog="Example: normlab run chapter",
    invoke_without_command=True,
    rich_markup_mode=None,
)
app.add_typer(run_app, name="run")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]


def main() -> None:
    """Entry point: exit code 2 for what the user can mend, 130 for Ctrl-C."""
    code: Any = 0
    try:
        code = app(standalone_mode=False)
    except click.UsageError as error:
        hint = error.ctx.command_path if error.ctx else "normlab"
        _fail(f"{error.format_message().rstrip('.')}. See {hint} --help.", 2)
    except NormlabError as error:
        _fail(str(error), 2)
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted; nothing was written.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    print(f"normlab: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"normlab {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command("list", epilog="Example: normlab list --json")
def list_rows(as_json: JsonFlag = False) -> None:
    """The table: every normaliser that is a row of the equation."""
    from normlab.showing import list_json, list_text

    print(json.dumps(list_json(), indent=2, ensure_ascii=False) if as_json else list_text())


@app.command("show", epilog="Example: normlab show group")
def show_row(
    name: Annotated[str, typer.Argument(help="A normaliser, as `normlab list` names it.")],
    as_json: JsonFlag = False,
) -> None:
    """One row: formula, what is pooled, settings, source, torch's layer, conventions."""
    from normlab.showing import show_json, show_text

    print(json.dumps(show_json(name), indent=2, ensure_ascii=False) if as_json else show_text(name))


@run_app.callback()
def _run(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        from normlab.lab import EXPERIMENTS

        for name, (_, question) in EXPERIMENTS.items():
            print(f"{name:10}{question}")
        print("\nnormlab run NAME runs one; normlab run NAME --help shows its options.")


@run_app.command(
    "chapter", epilog="Example: normlab run chapter --data iris.csv --batch-size 16 --shuffle"
)
def run_chapter(
    data: Annotated[
        str | None,
        typer.Option(help="A table: csv, tsv, parquet, feather, npy, npz or pt.", metavar="FILE"),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns to take: a,b", metavar="NAMES")
    ] = None,
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Leave out rows with NaN or inf.")
    ] = False,
    norm: Annotated[str, typer.Option(help="Any row of `normlab list`.", metavar="NAME")] = "batch",
    batch_size: Annotated[int, typer.Option(help="Rows in a batch.")] = 8,
    eps: Annotated[float | None, typer.Option(help="ε; the row's own by default.")] = None,
    momentum: Annotated[float, typer.Option(help="Of the running statistics.")] = 0.1,
    weight: Annotated[str, typer.Option(help="γ: one number, or one a feature: 2,0.5")] = "1",
    bias: Annotated[str, typer.Option(help="β: one number, or one a feature.")] = "0",
    seed: Annotated[int, typer.Option(help="Of the points, and of --shuffle.")] = 0,
    mean: Annotated[str | None, typer.Option(help="Of the points drawn.  [default: 10,-5]")] = None,
    std: Annotated[str | None, typer.Option(help="Of the points drawn.  [default: 4,1]")] = None,
    samples: Annotated[int | None, typer.Option(help="Points drawn.  [default: 128]")] = None,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Shuffle the rows.")] = False,
    drop_last: Annotated[
        bool, typer.Option("--drop-last", help="Leave out a last, smaller batch.")
    ] = False,
    device: Annotated[str, typer.Option(help="Any of torch's; tried on cpu only.")] = "cpu",
    out: Annotated[Path, typer.Option(help="Folder for report, figures, numbers.")] = OUT
    / "chapter",
    verify: Annotated[
        Path | None,
        typer.Option(help="Run again from a numbers.json and say what moved.", metavar="FILE"),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """The whole chapter: normalisation in the brain, in AlexNet, and batch norm by hand.

    On the chapter's 128 points, or on your own table.
    """
    if verify is not None:
        from normlab.lab.verify import verify_file

        raise typer.Exit(verify_file(verify, print))
    given: dict[str, Any] = {
        "data": data,
        "columns": None if columns is None else [name.strip() for name in columns.split(",")],
        "drop_missing": drop_missing,
        "norm": norm,
        "batch_size": batch_size,
        "eps": eps,
        "momentum": momentum,
        "weight": _numbers("weight", weight),
        "bias": _numbers("bias", bias),
        "seed": seed,
        "shuffle": shuffle,
        "drop_last": drop_last,
        "device": device,
    }
    points = {"mean": _numbers("mean", mean), "std": _numbers("std", std), "samples": samples}
    _run_experiment(
        "chapter", given | {k: v for k, v in points.items() if v is not None}, out, as_json
    )


def _numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SettingError(
            f"--{name} {text!r} given; it must be a number, or several with commas: 2,0.5."
        ) from None


def _run_experiment(name: str, settings: dict[str, Any], out: Path, as_json: bool) -> None:
    """Run with a progress bar, print as it goes, save, and say where everything is."""
    _check_writable(out)
    from normlab.lab.console import run_shown

    result = run_shown(name, settings, say=(lambda line: None) if as_json else print)
    report = result.save(out)
    if as_json:
        print(result.json(), end="")
        return
    held = [verdict.outcome for verdict in result.verdicts]
    counts = ", ".join(f"{held.count(kind)} {kind}" for kind in dict.fromkeys(held))
    print(f"\nClaims: {counts}.\nReport: {report}")


def _check_writable(folder: Path) -> None:
    """Tell a folder that cannot be written before minutes are spent, and make nothing yet."""
    parent = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        kind = "not writable" if parent.is_dir() else "a file"
        raise DataError(
            f"cannot write into {str(folder)!r}: {str(parent)!r} is {kind}. Give another --out."
        )
