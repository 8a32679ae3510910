"""Processes that work for this one, and leave Ctrl-C to it."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext
from typing import Any

SPAWN: SpawnContext = multiprocessing.get_context("spawn")


def started(count: int, warm: Callable[[], Any], **options: Any) -> ProcessPoolExecutor:
    """A pool whose processes have all been started, each with a call of `warm`, deaf to interrupts."""
    pool = ProcessPoolExecutor(count, mp_context=SPAWN, **options)
    try:
        with _deaf_to_interrupts():
            for _ in range(count):
                pool.submit(warm)
    except BaseException:  # a Ctrl-C that came meanwhile
        pool.shutdown(cancel_futures=True)
        raise
    return pool


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here inherit a blocked SIGINT: Ctrl-C is the caller's to handle.

    The tracker, which each pool needs, unblocks it when it starts; so it starts before.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
