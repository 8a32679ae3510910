"""What a command says, and how it is told to stop: Ctrl-C, a request to end, a closed terminal."""

import os
import signal
from threading import Timer
from types import FrameType
from typing import Any

from normlab.safe import printable

_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_MOMENT = 0.1  # seconds
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


def press(number: int, frame: Any) -> None:
    """What Ctrl-C and its like do: KeyboardInterrupt, a moment later where torch is being loaded.

    Its C++ would abort the process.
    """
    if _loads_torch(frame):
        again = Timer(_MOMENT, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()
        return
    _pressed.append(number)
    if number in _ENDING:  # they often come twice, to the process and to its group; once is enough
        _ignore(*_ENDING)
    raise KeyboardInterrupt


def _loads_torch(frame: FrameType | None) -> bool:
    while frame is not None:
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) == ("torch", "<module>"):
            return True
        frame = frame.f_back
    return False


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
