"""The command line. Nothing heavy is imported until a command runs; an error is one plain line."""

import io
import os
import signal
import sys
from contextlib import suppress
from typing import Annotated, Any, NoReturn

try:
    import typer
except KeyboardInterrupt:  # main() is not there yet to say it in words
    sys.exit(130)

from normlab._version import __version__
from normlab.errors import NormlabError
from normlab.safe import printable

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
_INTERRUPTED = 130  # 128 and the number of SIGINT; of other signals accordingly
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_pressed: list[int] = []  # the signals that came: one for each Ctrl-C
_kept: list[str] = []  # what a command says it leaves behind when it is interrupted


def main() -> None:
    """Entry point: exit code 2 for what the user can mend, 130 for Ctrl-C, 1 for a closed pipe.

    A request to end (SIGTERM) and a closed terminal (SIGHUP) are taken as Ctrl-C is: what was started ends,
    and temporary files are removed.
    """
    for number in (signal.SIGINT, *_ENDING):
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):  # else ignored
            signal.signal(number, press)
    for stream in (sys.stdout, sys.stderr):  # a file's name may hold what no encoding does
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        _end(2, _usage(error))
    except NormlabError as error:
        if not _pressed:
            _end(2, str(error))
        code = _INTERRUPTED
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
    if interrupted and _pressed:
        code = 128 + _pressed[0]
    _end(code or 0, f"interrupted; {_left()}" if interrupted else "")


def keeps(words: str) -> None:
    """Say what is left behind if the command is interrupted, where it is not nothing."""
    _kept.append(words)


def _left() -> str:
    return _kept[-1] if _kept else "nothing was written."


def press(number: int, frame: Any) -> NoReturn:
    _pressed.append(number)
    if number in _ENDING:  # they often come twice, to the process and to its group; once is enough
        _ignore(*_ENDING)
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
        with suppress(OSError):  # of a terminal that was closed
            print(f"normlab: {printable(' '.join(message.split()))}", file=sys.stderr)
    sys.exit(code)


def too_late() -> None:
    """Ctrl-C no longer stops anything: all is done but the end of the process."""
    _ignore(signal.SIGINT, *_ENDING)


def _ignore(*numbers: int) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


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
    shown = "\n".join(map(printable, line.split("\n")))  # a terminal obeys control characters
    print(shown, flush=True)  # as it comes, also through a pipe
