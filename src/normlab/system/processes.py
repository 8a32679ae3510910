"""The one place where processes are started. Each leaves Ctrl-C to this one, and ends when it does.

A process that is killed cannot end others, so each of them looks whether its parent is still there: the
system gives an orphan another parent. That needs no pipe, which a process beside it could hold open.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import parent_process, resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import IO, Any, NoReturn

Running = subprocess.Popen[bytes]
Pool = ProcessPoolExecutor
_LOOK = 0.5  # seconds between two looks at the parent
_FOLDER = "NORMLAB_SESSION_FOLDER"
_GRACE = 3.0  # seconds for an orphan's last acts
_MASKS = hasattr(signal, "pthread_sigmask")
_MUTED = "ignore:resource_tracker:UserWarning"


class Process(SpawnProcess):
    """A fresh interpreter that ends within seconds of the process which started it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (type(self), os.getpid()), vars(self)

    def run(self) -> None:
        signal.signal(signal.SIGTERM, _end)
        if _MASKS:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        super().run()


def _arrived(kind: type[Process], parent: int) -> Process:
    """A process as it is read by itself: first of all, since what it is to do may import much."""
    end_with(parent)
    return kind.__new__(kind)


class _Context(SpawnContext):
    Process = Process


_SPAWN = _Context()


def spawning() -> SpawnContext:
    """Where processes come from, and what they share."""
    _start_tracker()
    return _SPAWN


def started(count: int, warm: Callable[[], Any], **options: Any) -> Pool:
    """A pool whose processes have all been started, each with a call of `warm`, deaf to interrupts."""
    pool = Pool(count, mp_context=spawning(), **options)
    try:
        with _deaf_to_interrupts():
            for _ in range(count):
                pool.submit(warm)
    except BaseException:  # a Ctrl-C that came meanwhile
        pool.shutdown(cancel_futures=True)
        raise
    return pool


def end_with(parent: int, last: Callable[[], Any] = atexit._run_exitfuncs) -> None:
    """Let this process end within seconds of its parent, whose number that one gave it.

    last: what is done before; as at any end of Python, temporary folders of this process are removed.
    """
    threading.Thread(
        target=_follow, args=(parent, last), name="normlab-orphan", daemon=True
    ).start()


def _follow(parent: int, last: Callable[[], Any]) -> None:
    if sys.platform == "win32":  # where the number stays
        while (known := parent_process()) is None:  # as it is still starting
            time.sleep(_LOOK)
        known.join()
    else:
        while os.getppid() == parent:
            time.sleep(_LOOK)
    _end(last=last)


def _end(*signalled: Any, last: Callable[[], Any] = atexit._run_exitfuncs) -> NoReturn:
    """The end whatever else this process does: SystemExit would be taken for the result of a task."""
    try:
        threading.Timer(_GRACE, os._exit, (1,)).start()
        last()
    finally:
        os._exit(1)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here inherit blocked signals: Ctrl-C and a closed terminal are the caller's.

    None of these stops the caller half-way through a start. The tracker, which each pool needs, unblocks
    SIGINT when it starts; so it starts before.
    """
    if not _MASKS:
        yield
        return
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP, signal.SIGTERM}
    )
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_tracker() -> None:
    """Start what frees the names that processes share, whoever is killed: so a closed terminal must not
    end it. That a caller which was killed freed nothing itself is no news to anybody.
    """
    if not _MASKS:
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    sys.warnoptions.append(_MUTED)  # which it inherits
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.remove(_MUTED)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def session(
    code: str, environment: Mapping[str, str], errors: IO[bytes], folder: str
) -> Iterator[Running]:
    """A Python that runs `code`, in a process group of its own that ends with the block or this process.

    folder: this process's own, for the group to write in; where this process is killed, it is removed.

    It takes modules from where this one does, and nothing else from the environment or the folder; what
    it starts belongs to the group, unless that leaves it by a session of its own. POSIX only.
    """
    begin = "import sys; sys.dont_write_bytecode = True; sys.path[:] = sys.argv[1:]; "
    lead = f"from normlab.system.processes import lead; lead({os.getpid()}); "
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", begin + lead + code, *filter(None, sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**environment, _FOLDER: folder},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        process.wait()


def lead(parent: int) -> None:
    """Let this process and its whole group, which it leads, end with its parent; Ctrl-C is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder = os.environ.pop(_FOLDER)

    def last() -> None:
        group, remover = os.getpgid(0), os.fork()
        if not remover:
            _remove_after(group, folder)
        while os.getsid(remover) == group:  # until then it would end with the group
            time.sleep(_LOOK / 100)
        end_group()

    end_with(parent, last)


def _remove_after(group: int, folder: str) -> NoReturn:
    """Remove a folder once nobody of a process group can write into it any more."""
    try:
        os.setsid()
        end = time.monotonic() + _GRACE  # what has ended is seen until somebody asks for its result
        with suppress(ProcessLookupError):
            while time.monotonic() < end:
                os.killpg(group, 0)
                time.sleep(_LOOK / 10)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)


def end_group() -> None:
    """Kill the process group of this process, and so this process too."""
    os.killpg(0, signal.SIGKILL)


def forked(task: Callable[[], Any], last: Callable[[], Any] = lambda: None) -> int:
    """Run a task in a fork of this process, which ends with it; its number. POSIX only.

    last: what an orphan does before it ends; the exit handlers are this process's, not the fork's.
    """
    parent = os.getpid()
    with warnings.catch_warnings():
        # Python warns of threads: ours, which waits, is the only one, and holds no lock
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        end_with(parent, last)
        task()
        code = 0
    finally:
        os._exit(code)
