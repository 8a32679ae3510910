"""Dask clusters: processes on this machine, and a scheduler and workers that were started by themselves."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress

import numpy as np
import pytest

import normlab
from cases import exact
from command import PATIENCE, here
from normlab.errors import DataError, SettingError

distributed = pytest.importorskip("distributed")
NUMBERS = ("count", "mean", "m2", "m3", "m4", "minimum", "maximum")
# Dask leaves sockets to be closed by the garbage collector as its loops end
pytestmark = pytest.mark.filterwarnings("ignore")
_DASK = (
    "import sys; from normlab.system.processes import end_with; end_with(int(sys.argv[1])); "
    "del sys.argv[1]; from distributed.cli.{0} import main; main()"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("cluster") / "x.npy"
    np.save(path, np.random.default_rng(6).normal(3, 2, size=(100_000, 4)).astype(np.float32))
    return path


@pytest.fixture(autouse=True, scope="module")
def small_blocks():
    """A hundred units; who measures cuts them, not the workers."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("normlab.measuring.source.BLOCK", 1 << 12)
        yield


@pytest.fixture(scope="module")
def expected(file, small_blocks):
    return normlab.measure(file)


def same(one, other):
    return all((getattr(one, name) == getattr(other, name)).all() for name in NUMBERS)


@contextmanager
def started(kind, folder, *arguments):
    """A scheduler or a worker as its user starts it, that ends with this process."""
    with (folder / f"{kind}-{time.monotonic_ns()}.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _DASK.format(f"dask_{kind}"), str(os.getpid()), *arguments],
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def address_of(path):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(OSError, ValueError):
            return json.loads(path.read_text())["address"]
        time.sleep(0.05)
    raise AssertionError("the scheduler never came")


@contextmanager
def cluster(folder, workers):
    """The address of a scheduler on loopback, and its workers."""
    with ExitStack() as stack:
        about = folder / "scheduler.json"
        stack.enter_context(
            started("scheduler", folder, "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                    "--no-jupyter", "--scheduler-file", str(about))
        )  # fmt: skip
        address = address_of(about)
        options = ["--no-dashboard", "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1"]
        every = [
            stack.enter_context(started("worker", folder, address, *options))
            for _ in range(workers)
        ]
        if workers:
            with distributed.Client(address) as client:
                client.wait_for_workers(workers, timeout=PATIENCE)
        yield address, every


def test_a_worker_that_is_killed_changes_no_bit(file, expected, tmp_path, monkeypatch):
    """Killed when some units are done; the other worker does the rest, and again what was lost."""
    from normlab.measuring.tree import Tree

    added = []
    add = Tree.add
    with cluster(tmp_path, 2) as (address, workers):

        def killing(self, *given):
            added.append(given)
            if len(added) == 3:
                workers[0].kill()
            add(self, *given)

        monkeypatch.setattr(Tree, "add", killing)
        found = normlab.measure(file, cluster=address)
        assert workers[0].wait() != 0 and workers[1].poll() is None
        assert len(added) > 10
    assert same(found, expected)


@pytest.mark.slow
def test_local_processes_change_no_bit(file, expected, tmp_path):
    assert same(normlab.measure(file, workers=2), expected)


def test_a_scheduler_that_is_not_there(file, monkeypatch, tmp_path):
    monkeypatch.setattr("normlab.measuring.cluster._PATIENCE", "1s")
    out = tmp_path / "stats.json"
    found = here("measure", file, "--cluster", "tcp://127.0.0.1:9", "--out", out)
    assert found.returncode == 2
    assert found.stderr.startswith("normlab: no Dask scheduler answers at tcp://127.0.0.1:9 (")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_another_version_and_no_worker(file, tmp_path, monkeypatch):
    with cluster(tmp_path, 0) as (address, _):
        told = f"the cluster at {address} has no worker; start some with dask worker {address}."
        with pytest.raises(DataError, match=exact(told)):
            normlab.measure(file, cluster=address)
        options = ["--no-dashboard", "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1"]
        with started("worker", tmp_path, address, *options):
            with distributed.Client(address) as client:
                client.wait_for_workers(1, timeout=PATIENCE)
            monkeypatch.setattr("normlab._version.__version__", "0.0.0")
            with pytest.raises(
                DataError, match=r"the worker at tcp://.* has normlab .*, and this process normlab"
            ):
                normlab.measure(file, cluster=address)


def test_what_does_not_fit():
    x = np.ones((3, 2))
    with pytest.raises(SettingError, match="workers and cluster given"):
        normlab.measure(x, workers=2, cluster="tcp://127.0.0.1:9")
    with pytest.raises(
        SettingError, match="arrays: comes only once, in this process; a cluster needs files"
    ):
        normlab.measure(iter([x]), workers=2)
