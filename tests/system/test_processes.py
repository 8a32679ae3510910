"""Whatever is started through the one place ends with whoever started it; nothing is started elsewhere."""

import ast
import os
import signal
import sys
from pathlib import Path

import pytest

import normlab
from left import nothing_of, running, until, until_started

SOURCE = Path(normlab.__file__).parent
PLACE = SOURCE / "system" / "processes.py"
posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")

# ways to wait, as functions of a module that a fresh process can import
WORK = """
import tempfile, time

def sleep():
    time.sleep(1000)

def loop():
    while True:
        pass

def keep():
    with tempfile.TemporaryDirectory():
        time.sleep(1000)
"""
# what a process is that starts them, and how many it then has below it
WAYS = {
    "process": ("spawning().Process(target=work.{work}).start()", 2),
    "pool": ("pool = started(2, work.{work})", 3),
    "fork": ("forked(work.{work})", 1),
    "fork of a fork": ("forked(lambda: (forked(work.{work}), work.sleep()))", 2),
    "session": ("held = session('sys.path.append(%r); import work; work.{work}()' % os.getcwd(), os.environ, "
                "sys.stderr.buffer, tempfile.mkdtemp()); held.__enter__()", 1),
}  # fmt: skip
PARENT = """
import os, sys, tempfile, time
sys.path.insert(0, os.getcwd())
import work
from normlab.system.processes import forked, session, spawning, started

if __name__ == "__main__":
    {way}
    {more}
    time.sleep(1000)
"""


def parent(folder, way, work, more="pass"):
    (folder / "work.py").write_text(WORK)
    (folder / "parent.py").write_text(PARENT.format(way=WAYS[way][0].format(work=work), more=more))
    return running([sys.executable, "parent.py"], folder)


@posix
@pytest.mark.parametrize("work", ["sleep", "loop"])
@pytest.mark.parametrize("way", WAYS)
def test_it_ends_with_its_parent(tmp_path, way, work):
    with parent(tmp_path, way, work) as process:
        started = until_started(process, WAYS[way][1])
        process.kill()
        process.wait()
        nothing_of(started)


@posix
def test_a_process_beside_it_that_holds_all_pipes_does_not_keep_it(tmp_path):
    more = "beside = os.fork() or time.sleep(1000)"
    with parent(tmp_path, "pool", "sleep", more) as process:
        started = until_started(process, WAYS["pool"][1] + 1)
        beside = max(started, key=lambda p: (p.cmdline() == process.args, p.pid))
        process.kill()
        process.wait()
        tracker, *others = sorted((p for p in started if p != beside), key=lambda p: p.pid)
        nothing_of(others)
        assert beside.is_running()
        beside.kill()
        nothing_of([tracker])  # which waited for those who hold its pipe


@posix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_its_temporary_folders_go_with_it(tmp_path, number):
    """When its parent is killed, and when it is asked to end itself."""
    with parent(tmp_path, "process", "keep") as process:
        started = until_started(process, WAYS["process"][1])
        until(lambda: list(process.temporary.iterdir()), "no folder was made")
        if number == signal.SIGKILL:
            process.kill()
            process.wait()
        else:
            max(started, key=lambda p: p.pid).terminate()
        until(lambda: not list(process.temporary.iterdir()), "a folder was left")


@posix
def test_a_session_ends_with_its_block(tmp_path):
    """With all of its group, and though it does not listen."""
    code = "import subprocess; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); "
    code = f"import signal; {code} subprocess.run(['sleep', '1000'])"
    (tmp_path / "parent.py").write_text(
        "import os, sys, tempfile\nfrom normlab.system.processes import session\n"
        f"with session({code!r}, os.environ, sys.stderr.buffer, tempfile.mkdtemp()):\n"
        "    sys.stdin.readline()\n"
        "print('ended', flush=True)\nimport time\ntime.sleep(1000)\n"
    )
    read, write = os.pipe()
    with running([sys.executable, "parent.py"], tmp_path, input=read) as process:
        os.close(read)
        started = until_started(process, 2)
        os.close(write)
        assert process.stdout.readline() == b"ended\n"
        nothing_of(started)  # killed, which the system may take a moment for


# what starts processes, called under whatever name; modules from which anything might be
ENDINGS = "l le lp lpe v ve vp vpe".split()  # noqa: SIM905
STARTS = {
    "Popen", "ProcessPoolExecutor", "create_subprocess_exec", "create_subprocess_shell", "fork", "forkpty",
    "get_context", "posix_spawn", "posix_spawnp", "start_processes", "startfile", "Parallel",
    *(f"{kind}{ending}" for kind in ("spawn", "exec") for ending in ENDINGS),
}  # fmt: skip
MODULES = ("subprocess", "multiprocessing", "pty", "joblib", "loky", "torch.multiprocessing")


def starts(tree):
    """The lines of a module on which it starts a process, or gets what could."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            if any(name.name.startswith(MODULES) for name in node.names):
                yield node.lineno
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").startswith(MODULES) or any(
                name.asname and name.name in STARTS for name in node.names
            ):
                yield node.lineno
        elif isinstance(node, ast.Call) and (
            _name(node.func) in STARTS
            or ast.unparse(node.func) in ("os.system", "os.popen")
            or any(word.arg == "num_workers" for word in node.keywords)  # torch's DataLoader
        ):
            yield node.lineno


def _name(function):
    return getattr(function, "attr", None) or getattr(function, "id", None)


def test_nothing_is_started_elsewhere():
    found = {
        f"{file.relative_to(SOURCE)}:{line}"
        for file in SOURCE.rglob("*.py")
        for line in starts(ast.parse(file.read_text()))
        if file != PLACE
    }
    assert found == set()
    assert list(starts(ast.parse(PLACE.read_text())))


@pytest.mark.parametrize(
    "line",
    ["import subprocess", "from subprocess import run", "import multiprocessing.pool", "os.fork()",
     "from concurrent.futures import ProcessPoolExecutor as Pool", "futures.ProcessPoolExecutor(2)",
     "os.system('true')", "os.execvp('true', [])", "DataLoader(x, num_workers=2)"],
)  # fmt: skip
def test_what_would_start_one_is_seen(line):
    assert list(starts(ast.parse(line)))
