"""The command line. Nothing heavy is imported until a command runs; an error is one plain line."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

try:
    import typer
except KeyboardInterrupt:  # main() is not there yet to say it in words
    sys.exit(130)

from normlab import __version__
from normlab.errors import NormlabError, SettingError
from normlab.report.files import check_writable, write_all

OUT = Path("normlab-out")

app = typer.Typer(
    name="normlab",
    help="See, use and trust normalisation in neural networks, artificial and biological.",
    epilog="Example: normlab run chapter --data iris.csv --norm layer",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
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
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # typer's or click's, as typer likes
_INTERRUPTED = 130
_pressed: list[int] = []  # one for each Ctrl-C


def main() -> None:
    """Entry point: exit code 2 for what the user can mend, 130 for Ctrl-C, 1 for a closed pipe."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored
        signal.signal(signal.SIGINT, _press)
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        _end(2, _usage(error))
    except NormlabError as error:
        _end(2, str(error))
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception:
        if not _pressed:
            raise
        code = _INTERRUPTED
    interrupted = code == _INTERRUPTED  # typer makes it an exit code of its own
    _end(code or 0, "interrupted; nothing was written." if interrupted else "")


def _press(number: int, frame: Any) -> NoReturn:
    _pressed.append(number)
    raise KeyboardInterrupt


def _stop_if_pressed() -> None:
    """An import in C may have swallowed the exception, or made another of it."""
    if _pressed:
        raise KeyboardInterrupt


def _usage(error: Any) -> str:
    where = error.ctx.command_path if error.ctx else "normlab"
    text = error.format_message().strip()
    return f"{text if text.endswith(('.', '?', ')')) else text + '.'} See {where} --help."


def _end(code: int, message: str = "") -> NoReturn:
    _too_late()
    if message:
        print(f"normlab: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


def _too_late() -> None:
    """Ctrl-C no longer stops anything: all is done but the end of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"normlab {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


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
    batch_size: Annotated[str, typer.Option(help="Rows in a batch.", metavar="ROWS")] = "8",
    eps: Annotated[
        str | None, typer.Option(help="ε; the row's own by default.", metavar="NUMBER")
    ] = None,
    momentum: Annotated[
        str, typer.Option(help="Of the running statistics.", metavar="NUMBER")
    ] = "0.1",
    weight: Annotated[
        str, typer.Option(help="γ: one number, or one a feature: 2,0.5", metavar="NUMBERS")
    ] = "1",
    bias: Annotated[
        str, typer.Option(help="β: one number, or one a feature.", metavar="NUMBERS")
    ] = "0",
    seed: Annotated[
        str, typer.Option(help="Of the points, and of --shuffle.", metavar="NUMBER")
    ] = "0",
    mean: Annotated[
        str | None, typer.Option(help="Of the points drawn.  [default: 10,-5]", metavar="NUMBERS")
    ] = None,
    std: Annotated[
        str | None, typer.Option(help="Of the points drawn.  [default: 4,1]", metavar="NUMBERS")
    ] = None,
    samples: Annotated[
        str | None, typer.Option(help="Points drawn.  [default: 128]", metavar="ROWS")
    ] = None,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Shuffle the rows.")] = False,
    drop_last: Annotated[
        bool, typer.Option("--drop-last", help="Leave out a last, smaller batch.")
    ] = False,
    device: Annotated[
        str, typer.Option(help="Any of torch's; tried on cpu only.", metavar="NAME")
    ] = "cpu",
    out: Annotated[
        Path, typer.Option(help="For report, figures and numbers.", metavar="FOLDER")
    ] = OUT / "chapter",
    verify: Annotated[
        Path | None,
        typer.Option(
            help="Run again as a numbers.json says, and tell what moved; nothing is written.",
            metavar="FILE",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """The whole chapter: normalisation in the brain, in AlexNet, and batch norm by hand.

    On the chapter's 128 points, or on your own table.
    """
    if verify is not None:
        from normlab.lab.verify import verify_file

        raise typer.Exit(verify_file(verify, _say, as_json))
    given: dict[str, Any] = {
        "data": data,
        "columns": None if columns is None else [name.strip() for name in columns.split(",")],
        "drop_missing": drop_missing,
        "norm": norm,
        "batch_size": _whole("batch-size", batch_size),
        "eps": _number("eps", eps),
        "momentum": _number("momentum", momentum),
        "weight": _numbers("weight", weight),
        "bias": _numbers("bias", bias),
        "seed": _whole("seed", seed),
        "mean": _numbers("mean", mean),
        "std": _numbers("std", std),
        "samples": _whole("samples", samples),
        "shuffle": shuffle,
        "drop_last": drop_last,
        "device": device,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    _run_experiment("chapter", chosen, out, as_json)


def _whole(name: str, text: str | None) -> int | None:
    return _parsed(name, text, int, "a whole number")


def _number(name: str, text: str | None) -> float | None:
    return _parsed(name, text, float, "a number")


def _numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    return _parsed(
        name,
        text,
        lambda given: tuple(float(part) for part in given.split(",")),
        "a number, or several with commas: 2,0.5",
    )


def _parsed(name: str, text: str | None, parse: Callable[[str], Any], words: str) -> Any:
    """Read here and not by typer, whose message leaves out what was given."""
    try:
        return None if text is None else parse(text)
    except ValueError:
        raise SettingError(f"--{name} {text!r} given; it must be {words}.") from None


def _say(line: str) -> None:
    _stop_if_pressed()
    print(line, flush=True)  # as it comes, also through a pipe


def _run_experiment(name: str, settings: dict[str, Any], out: Path, as_json: bool) -> None:
    """Run with a progress bar, print as it goes, save, and say where everything is."""
    check_writable(out)
    from normlab.lab.console import run_shown

    result = run_shown(name, settings, say=_say if not as_json else lambda line: None)
    files = result.files()
    _stop_if_pressed()
    _too_late()  # writing takes a moment, and is done whole
    report = write_all(out, files) / "report.html"
    if as_json:
        print(result.json(), end="")
        return
    held = [verdict.outcome for verdict in result.verdicts]
    counts = ", ".join(f"{held.count(kind)} {kind}" for kind in dict.fromkeys(held))
    print(f"\nClaims: {counts}.\nReport: {report}")
