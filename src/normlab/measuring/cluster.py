"""Units measured by the workers of a Dask cluster: whole branches of the tree, merged where they are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from normlab.data.columns import listed, reason
from normlab.errors import DataError, MissingExtraError, NormlabError, SettingError
from normlab.measuring.engine import Done, measured
from normlab.measuring.recipe import Recipe
from normlab.measuring.source import Source, Unit
from normlab.measuring.tree import Parts, Tree

_TASKS = 64  # for each worker at least, where there are so many units
_DEEPEST = 6  # a task is at most 2**6 units
_PATIENCE = "10s"  # for a scheduler to answer
_AHEAD = 4  # tasks for each thread of a worker that are sent ahead


def on_cluster(
    source: Source,
    recipe: Recipe,
    tree: Tree,
    done: Done,
    cluster: Any,
    workers: int | None,
    say: Callable[[str], None] = lambda line: None,
) -> Tree:
    """Measure what the tree lacks, as `engine.on_threads` does, to the same bits.

    Errors: DataError where the cluster cannot be used; SettingError for a source that comes only once.
    """
    if not source.resumes:
        raise SettingError(
            f"{source.text}: comes only once, in this process; a cluster needs files: leave out workers and "
            f"cluster."
        )
    with _client(cluster, workers) as client:
        threads = sum(client.nthreads().values()) or 1
        units: Sequence[Unit] = source.units  # type: ignore[assignment]
        level = _level(len(units), threads)
        tasks = _tasks(units, tree, level)
        for at, branch, parts in _results(client, tasks, recipe, len(source.names), threads):
            tree.add(at, parts, branch)
            done(tree.leaves())
        say(memory_of(client.run(_peak)))
    return tree


def memory_of(peaks: Mapping[str, float]) -> str:
    """
    >>> memory_of({"tcp://a:1": 231.2, "tcp://b:1": 240.8})
    'Memory of the workers, at most: tcp://a:1 231 MB, tcp://b:1 241 MB.'
    """
    return f"Memory of the workers, at most: {listed(f'{at} {mb:.0f} MB' for at, mb in peaks.items())}."


def _peak() -> float:
    """Of this process, in MB (Linux tells kilobytes, macOS bytes)."""
    import resource
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e6 if sys.platform == "darwin" else 1e3
    )


def branch(units: Sequence[Unit], recipe: Recipe, width: int) -> Parts:
    """What a worker does: neighbouring units, merged as the tree would."""
    tree = Tree()
    for index, unit in enumerate(units):
        tree.add(index, measured(unit, recipe, width))
    return tree.total()


def _level(count: int, threads: int) -> int:
    """How many units a task has, as a power of 2."""
    level = 0
    while level < _DEEPEST and count >> (level + 1) >= _TASKS * threads:
        level += 1
    return level


def _tasks(units: Sequence[Unit], tree: Tree, level: int) -> Iterator[tuple[int, int, list[Unit]]]:
    """(index, level, units) of branches; single units where some of a branch are done, or at the end."""
    step = 1 << level
    for start in range(0, len(units), step):
        every = range(start, min(start + step, len(units)))
        lacking = [i for i in every if not tree.has(i)]
        if len(lacking) == step:
            yield start >> level, level, [units[i] for i in every]
        else:
            yield from ((i, 0, [units[i]]) for i in lacking)


def _results(
    client: Any,
    tasks: Iterator[tuple[int, int, list[Unit]]],
    recipe: Recipe,
    width: int,
    threads: int,
) -> Iterator[tuple[int, int, Parts]]:
    """As they come. A worker that dies has its tasks done by others."""
    from distributed import as_completed

    running: dict[str, tuple[int, int]] = {}
    coming = as_completed()

    def send() -> None:
        for index, level, units in tasks:
            future = client.submit(branch, units, recipe, width, pure=False, retries=1)
            running[future.key] = index, level
            coming.add(future)
            return

    for _ in range(_AHEAD * threads):
        send()
    for future in coming:
        with _told():
            parts = future.result()
        yield *running.pop(future.key), parts
        send()


@contextmanager
def _client(cluster: Any, workers: int | None) -> Iterator[Any]:
    """A client of the cluster that was given, or of one of local processes that ends with this."""
    try:
        import distributed
    except ImportError:
        raise MissingExtraError.of("a cluster", "distributed", "cluster") from None
    if isinstance(cluster, distributed.Client):
        yield cluster
        return
    if cluster is None:
        with _quiet(), _local(workers) as local, distributed.Client(local) as client:
            yield client
        return
    with _connected(str(cluster)) as client:
        yield client


def _local(workers: int | None) -> Any:
    from distributed import LocalCluster

    options: dict[str, Any] = {"dashboard_address": None}  # no page of its own
    return LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, **options)


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError, TimeoutError) as error:
        raise DataError(
            f"no Dask scheduler answers at {address} ({reason(error)}); start one with dask scheduler, and "
            f"give its address: tcp://host:8786."
        ) from error
    with client:
        _check(client, address)
        yield client


def _check(client: Any, address: str) -> None:
    """Errors: DataError where no worker is there, or one has other versions."""
    from normlab._version import __version__

    if not client.nthreads():
        raise DataError(
            f"the cluster at {address} has no worker; start some with dask worker {address}."
        )
    try:
        found = client.run(_version)
    except Exception as error:
        raise DataError(
            f"the workers at {address} cannot import normlab ({reason(error)}); install normlab "
            f"{__version__} on each."
        ) from error
    others = {where: version for where, version in found.items() if version != _version()}
    if others:
        where, version = next(iter(others.items()))
        raise DataError(
            f"the worker at {where} has {version}, and this process {_version()}; install the same on all."
        )


def _version() -> str:
    import numpy

    from normlab._version import __version__

    return f"normlab {__version__} with numpy {numpy.__version__}"


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except NormlabError:
        raise
    except Exception as error:
        raise DataError(
            f"a task failed on the cluster ({reason(error)}); files must be there under the same path on "
            f"each worker."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask's own words on workers that end are no news."""
    import logging

    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
