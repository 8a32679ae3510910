"""Threads that stop between two blocks when the measurement they belong to has been interrupted."""

import threading

_LOCAL = threading.local()


class StoppedError(Exception):
    """Raised in a thread whose result nobody waits for any more."""


def belong_to(stopped: threading.Event) -> None:
    """What a thread does first."""
    _LOCAL.stopped = stopped


def check() -> None:
    """Errors: StoppedError where the event of this thread is set."""
    stopped = getattr(_LOCAL, "stopped", None)
    if stopped is not None and stopped.is_set():
        raise StoppedError
