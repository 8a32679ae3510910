"""What a command says, and how it is told to stop: Ctrl-C, a request to end, a closed terminal."""

import signal
from typing import Any, NoReturn

from normlab.safe import printable

_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
LISTENED = (signal.SIGINT, *_ENDING)
_pressed: list[int] = []  # the signals that came: one for each Ctrl-C
_kept: list[str] = []  # what a command says it leaves behind when it is interrupted


def say(line: str) -> None:
    """Print a line as it comes, also through a pipe."""
    stop_if_pressed()
    shown = "\n".join(map(printable, line.split("\n")))  # a terminal obeys control characters
    print(shown, flush=True)


def listen() -> None:
    """Take what asks a process to end as Ctrl-C is taken, unless it was started to ignore it."""
    for number in LISTENED:
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, press)


def press(number: int, frame: Any) -> NoReturn:
    _pressed.append(number)
    if number in _ENDING:  # they often come twice, to the process and to its group; once is enough
        _ignore(*_ENDING)
    raise KeyboardInterrupt


def pressed() -> bool:
    return bool(_pressed)


def exit_code() -> int:
    """128 and the number of the first signal, as shells have it."""
    return 128 + _pressed[0]


def stop_if_pressed() -> None:
    """An import in C may have swallowed the exception, or made another of it."""
    if _pressed:
        raise KeyboardInterrupt


def too_late() -> None:
    """Ctrl-C no longer stops anything: all is done but the end of the process."""
    _ignore(*LISTENED)


def _ignore(*numbers: int) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def keeps(words: str) -> None:
    """Say what is left behind if the command is interrupted, where it is not nothing."""
    _kept.append(words)


def left() -> str:
    """What is left behind, for the line that says so."""
    return _kept[-1] if _kept else "nothing was written."
