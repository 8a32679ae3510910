"""The command line. Nothing heavy is imported until a command runs; an error is one plain line."""

import os
import signal
import sys
from typing import Annotated, Any, NoReturn

try:
    import typer
except KeyboardInterrupt:  # main() is not there yet to say it in words
    sys.exit(130)

from normlab import __version__
from normlab.errors import NormlabError

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
JsonFlag = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # typer's or click's, as typer likes
_INTERRUPTED = 130
_pressed: list[int] = []  # one for each Ctrl-C
_kept: list[str] = []  # what a command says it leaves behind when it is interrupted


def main() -> None:
    """Entry point: exit code 2 for what the user can mend, 130 for Ctrl-C, 1 for a closed pipe."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored
        signal.signal(signal.SIGINT, press)
    try:
        code = app(prog_name="normlab", standalone_mode=False)
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
    _end(code or 0, f"interrupted; {_left()}" if interrupted else "")


def keeps(words: str) -> None:
    """Say what is left behind if the command is interrupted, where it is not nothing."""
    _kept.append(words)


def _left() -> str:
    return _kept[-1] if _kept else "nothing was written."


def press(number: int, frame: Any) -> NoReturn:
    _pressed.append(number)
    raise KeyboardInterrupt


def pressed() -> bool:
    return bool(_pressed)


def stop_if_pressed() -> None:
    """An import in C may have swallowed the exception, or made another of it."""
    if _pressed:
        raise KeyboardInterrupt


def _usage(error: Any) -> str:
    where = error.ctx.command_path if error.ctx else "normlab"
    text = error.format_message().strip()
    return f"{text if text.endswith(('.', '?', ')')) else text + '.'} See {where} --help."


def _end(code: int, message: str = "") -> NoReturn:
    too_late()
    if message:
        print(f"normlab: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


def too_late() -> None:
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


def say(line: str) -> None:
    stop_if_pressed()
    print(line, flush=True)  # as it comes, also through a pipe
