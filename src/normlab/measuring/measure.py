"""normlab.measure: the statistics of a data set of any size."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from normlab.errors import DataError, SettingError
from normlab.measuring.checkpoint import Checkpoint
from normlab.measuring.described import top_of
from normlab.measuring.engine import fingerprint, on_threads
from normlab.measuring.levels import settled
from normlab.measuring.measured import Measured
from normlab.measuring.noting import notes_of, of_changed
from normlab.measuring.opening import opened
from normlab.measuring.options import Options
from normlab.measuring.part import Part
from normlab.measuring.recipe import Recipe
from normlab.measuring.saved import groups_to_json, save
from normlab.measuring.source import Source
from normlab.measuring.tree import Tree
from normlab.system.console import keeps
from normlab.system.files import check_file
from normlab.system.progress import bar


def measure(
    source: Any,
    *,
    columns: Sequence[str] | None = None,
    where: str | None = None,
    features: int | Sequence[int] | None = None,
    mask: Any = None,
    valid: Callable[[Any], Any] | None = None,
    quantiles: bool = False,
    covariance: bool = False,
    array: str | None = None,
    resize: int | tuple[int, int] | None = None,
    interpolation: str | None = None,
    scale: str | None = None,
    weighting: str | None = None,
    channels: int | None = None,
    skip_bad: bool = False,
    out: str | Path | None = None,
    resume: bool = False,
    threads: int | None = None,
    workers: int | None = None,
    cluster: Any = None,
) -> Measured:
    """The statistics of a data set, streamed once in constant memory.

        mean = Σ x / n,   var = Σ (x − mean)² / (n − correction),   per feature

    source: a path (a folder, tar or zip of images; csv, Parquet, Feather or Arrow, or a folder of these; npy,
        npz, zarr, h5), a URL that fsspec knows (copied here first), an array or tensor, a torch Dataset or
        DataLoader, a Hugging Face dataset, a Dask array or data frame, or a generator of arrays, samples
        first.
    columns, where: of a table, the features, and conditions on rows ("age >= 30 and city = 'Bonn'").
    features: of an array, the axes that are kept; all others are reduced. Default: axis 1, or the last where
        it looks like the channels of images. array: which one of several.
    mask: boolean, True where values count, broadcast to an array; valid: a function from a block
        (rows, features) to what counts of it, (rows, features) or (rows,).
    quantiles, covariance: keep them too, which takes longer. Quantiles of what is not whole numbers of 8 or
        16 bits come from a sketch: see `Measured.quantile_error`.
    resize, interpolation: of images, the size as torchvision's Resize has it (a number is the shorter side),
        and "bilinear" (default), "bicubic", "nearest", "lanczos" or "box". scale: "0-1" (default) or
        "0-255". weighting: "pixel" (default) or "image". channels: 1 or 3, where grey and colour are mixed.
    skip_bad: leave out what cannot be read, and count it. out: stats.json, and beside it what an interrupted
        measurement had finished; resume: go on from there.
    threads: in this process, as many as it has cores by default. workers: processes of a local Dask cluster;
        cluster: the address of a Dask scheduler, or a Client (extra: cluster).
    The same bits for any number of threads and workers, and after a resume. Another division of the data
    (files, arrays) differs in rounding alone.
    Errors: DataError for data that cannot be measured, SettingError for options that do not fit,
        MissingExtraError where a format needs a package.

    >>> import torch, normlab
    >>> found = normlab.measure(torch.arange(12.0).reshape(6, 2))
    >>> found.mean.tolist(), found.var().tolist()
    ([5.0, 6.0], [14.0, 14.0])
    """
    options = Options(
        columns=columns, where=where, features=_axes(features), mask=mask, array=array, resize=resize,
        interpolation=interpolation, scale=scale, weighting=weighting, channels=channels,
        skip_bad=skip_bad,
    )  # fmt: skip
    recipe = Recipe(quantiles, covariance, valid, skip_bad)
    place = Place(None if out is None else Path(out), resume, threads, workers, cluster)
    return measured(source, options, recipe, place)[""]


def measure_by(
    source: Any, column: str, *, columns: Sequence[str] | None = None, where: str | None = None,
    quantiles: bool = False, covariance: bool = False, skip_bad: bool = False, threads: int | None = None,
) -> dict[str, Measured]:  # fmt: skip
    """The same for each value of a table's column: {value: its rows' statistics}.

    Errors: as `measure`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "cells.csv")
    ...     _ = path.write_text("kind,rate\\na,1.5\\nb,4\\na,2.5\\n")
    ...     found = measure_by(path, "kind")
    >>> {kind: cells.mean.tolist() for kind, cells in found.items()}
    {'a': [2.0], 'b': [4.0]}
    """
    options = Options(columns=columns, by=column, where=where, skip_bad=skip_bad)
    recipe = Recipe(quantiles, covariance, skip_bad=skip_bad)
    return measured(source, options, recipe, Place(threads=threads))


@dataclass(frozen=True)
class Place:
    """Where it is computed, where what is finished is kept, and how to say what is no result."""

    out: Path | None = None
    resume: bool = False
    threads: int | None = None
    workers: int | None = None
    cluster: Any = None
    say: Callable[[str], None] = lambda line: None

    def check(self) -> None:
        """Errors: SettingError, DataError."""
        for name in ("threads", "workers"):
            count = getattr(self, name)
            if count is not None and (not isinstance(count, int) or count < 1):
                raise SettingError(f"{name}={count!r} given; it must be a whole number, 1 or more.")
        if self.workers is not None and self.cluster is not None:
            raise SettingError("workers and cluster given; the cluster has workers of its own.")
        if self.resume and self.out is None:
            raise SettingError("resume given without out; it goes on beside the file of --out.")
        if self.out is not None:
            check_file(self.out)


def measured(given: Any, options: Options, recipe: Recipe, place: Place) -> dict[str, Measured]:
    """Each group's statistics; where there are no groups, those of all, called ""."""
    place.check()
    source = opened(given, options)
    try:
        return _measured_source(source, options.by, recipe, place)
    finally:
        source.close()


def _measured_source(
    source: Source, by: str | None, recipe: Recipe, place: Place
) -> dict[str, Measured]:
    recipe.check(len(source.names))
    before = fingerprint(source.files)
    kept = _kept(source, recipe, place, before)
    tree = kept.load() if kept is not None and place.resume else Tree()
    with _keeping(kept, tree):
        _run(source, recipe, place, tree, kept, before)
    after = fingerprint(source.files)
    changed = [file for file in before if before[file] != after[file]]
    found = {name: _measured(part, source, changed) for name, part in tree.total().items()}
    if not found:
        raise DataError(f"{source.text}: holds no rows; there is nothing to measure.")
    if place.out is not None:
        save(groups_to_json(found, by), place.out)
    if kept is not None:
        kept.remove()
    return found


def _kept(source: Source, recipe: Recipe, place: Place, files: dict[str, Any]) -> Checkpoint | None:
    if place.out is not None and source.resumes and recipe.valid is None:
        identity = {"files": files, **source.identity, "recipe": recipe.identity()}
        return Checkpoint.beside(place.out, json.loads(json.dumps(identity)))
    if place.resume:
        raise SettingError(
            "resume given, and this source comes only once, or with a function that cannot be compared; "
            "leave it out."
        )
    return None


@contextmanager
def _keeping(kept: Checkpoint | None, tree: Tree) -> Iterator[None]:
    """Whatever interrupts a measurement, what it had finished is kept."""
    try:
        yield
    except BaseException:
        if kept is not None and tree.nodes:
            kept.save(tree)
            keeps(f"what was finished is kept in {kept.path}; --resume goes on.")
        raise


def _run(
    source: Source,
    recipe: Recipe,
    place: Place,
    tree: Tree,
    kept: Checkpoint | None,
    files: dict[str, Any],
) -> None:
    total = len(source.units) if source.resumes else 0  # type: ignore[arg-type]
    with bar(f"measuring {source.text}", *_extent(source, files)) as show:

        def done(count: int) -> None:
            show(count, total)
            if kept is not None:
                kept.save_sometimes(tree)

        if place.workers is None and place.cluster is None:
            on_threads(source, recipe, tree, done, place.threads)
        else:
            from normlab.measuring.cluster import on_cluster

            on_cluster(source, recipe, tree, done, place.cluster, place.workers, place.say)


def _extent(source: Source, files: dict[str, Any]) -> tuple[float, str]:
    """How much there is, for a rate: images or megabytes."""
    if source.kind == "images":
        return getattr(source.units, "images", 0), "images"
    return sum(state[0] for state in files.values() if state) / 1e6, "MB"


def _measured(part: Part, source: Source, changed: Sequence[str]) -> Measured:
    if not part.count.any():
        bad = f" ({'; '.join(part.bad)})" if part.bad else ""
        raise DataError(f"{source.text}: holds no value{bad}; there is nothing to measure.")
    if source.rows is not None:
        part = replace(part, rows=source.rows)
    if source.weighting == "pixel":
        part = settled(part, top_of(source.scale, part))
    return Measured(
        part, source.names, source.kind, source.text, scale=source.scale, weighting=source.weighting,
        axes=source.axes, notes=[*source.notes, *notes_of(part, source.names), *of_changed(changed)],
    )  # fmt: skip


def _axes(features: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if features is None:
        return None
    return (features,) if isinstance(features, int) else tuple(features)
