"""The command line. Nothing heavy is imported until a command runs; an error is one plain line."""

import errno
import gc
import io
import os
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
from normlab.system import console

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
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # typer's or click's, as typer likes
_FULL = (errno.ENOSPC, errno.EDQUOT)
_INTERRUPTED = 130  # 128 and the number of SIGINT


def main() -> None:
    """Entry point: exit code 2 for what the user can fix, 130 for Ctrl-C, 1 for a closed pipe.

    A request to end (SIGTERM) and a closed terminal (SIGHUP) are taken as Ctrl-C is: what was started ends,
    and temporary files are removed.
    """
    console.listen()
    _hide_script()
    for stream in (sys.stdout, sys.stderr):  # a file's name may hold what no encoding does
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(prog_name="normlab", standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        _end(2, _usage(error))
    except NormlabError as error:
        if not console.pressed():
            _end(2, str(error))
        code = _INTERRUPTED
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:
        _let_go()
        code = 1
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        _let_go()
        _end(
            2,
            f"cannot write the output: {os.strerror(error.errno)}. Free some space, or write elsewhere.",
        )
    except Exception:
        if not console.pressed():
            raise
        code = _INTERRUPTED
    interrupted = code == _INTERRUPTED  # typer makes it an exit code of its own
    if interrupted and console.pressed():
        code = console.exit_code()
    _end(code or 0, f"interrupted; {console.left()}" if interrupted else "")


def _hide_script() -> None:
    """A process that this one starts would run this one's script first, and so load the command line."""
    script = vars(sys.modules["__main__"])
    if script.get("main") is main:
        script.pop("__file__", None)


def _let_go() -> None:
    """What is not yet written goes nowhere, so that Python does not fail on it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(error: Any) -> str:
    where = error.ctx.command_path if error.ctx else "normlab"
    text = error.format_message().strip()
    return f"{text if text.endswith(('.', '?', ')')) else text + '.'} See {where} --help."


def _end(code: int, message: str = "") -> NoReturn:
    console.too_late()
    gc.freeze()  # else the end of Python looks through all that torch made, for half a second
    if message:
        with suppress(OSError):  # of a terminal that was closed
            print(f"normlab: {printable(' '.join(message.split()))}", file=sys.stderr)
    sys.exit(code)


def _version(verbose: bool) -> None:
    print(f"normlab {__version__}")
    if verbose:
        from normlab.kernels import native

        print(native.status())
    raise typer.Exit


def _convert(*given: Any, **settings: Any) -> Any:
    """normlab.convert, for the doctor: rooms do not import each other."""
    from normlab.conversion.exchange import convert

    return convert(*given, **settings)


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", help="With --version: also print which kernels are used, and why.")
    ] = False,
) -> None:
    if version:
        _version(verbose)
    context.obj = {"convert": _convert}
    if context.invoked_subcommand is None:
        print(context.get_help())
