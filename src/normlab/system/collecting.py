"""The garbage collector, kept from where it has much to look through and nothing to find."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """For a block that makes much, of which nothing is garbage before its end."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@contextmanager
def loading() -> Iterator[None]:
    """For a block that loads large modules, which never become garbage: they are not looked through.

    Neither while they are loaded nor later, which for torch saves a sixth of the time that loading it takes.
    """
    with paused():
        try:
            yield
        finally:
            gc.freeze()
