"""What the sections of the chapter share: the data, its batches, the normaliser and the record."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from normlab.data import Table, chapter_points, read_table
from normlab.equation.reference import normalize
from normlab.equation.row import Norm
from normlab.errors import DataError, SettingError
from normlab.lab.chapter.parts import in_batches, moments, stacks, varies
from normlab.lab.chapter.settings import ARRAY, Settings
from normlab.lab.experiment import Record, Verdict
from normlab.moments import Moments
from normlab.report.page import Note
from normlab.safe import printable

DRAWN = 2_000  # rows in a figure of points
APART = 10.0  # times, beyond which the sizes of two columns are said to be on different scales


@dataclass(frozen=True)
class Setup:
    """The data as the reader chose it, on the device, with what every section needs of it."""

    settings: Settings
    table: Table
    x: Tensor
    record: Record

    @property
    def row(self) -> Norm:
        return self.settings.row

    @property
    def names(self) -> tuple[str, ...]:
        return self.table.columns

    @property
    def shown(self) -> tuple[str, ...]:
        """The names for figures, each on one line."""
        return tuple(map(printable, self.names))

    @property
    def own_points(self) -> bool:
        """Whether these are the chapter's points, not the reader's data."""
        return self.settings.data is None

    @cached_property
    def batches(self) -> tuple[Tensor, ...]:
        return self.x.split(self.size)

    @cached_property
    def moving(self) -> Tensor:
        """Which columns are not constant."""
        return varies(self.x)

    @cached_property
    def moments(self) -> Moments:
        """Of the columns."""
        return moments(self.x)

    @cached_property
    def values(self) -> dict[str, Any]:
        """The row's settings, with eps=None made a number."""
        values = self.row.resolve(self.settings.row_settings)
        if "eps" in values and values["eps"] is None:
            values["eps"] = torch.finfo(self.x.dtype).eps
        return values

    @cached_property
    def weight(self) -> Tensor:
        return self._per_feature("weight")

    @cached_property
    def bias(self) -> Tensor:
        return self._per_feature("bias")

    def _per_feature(self, name: str) -> Tensor:
        given, features = getattr(self.settings, name), self.x.shape[1]
        if len(given) not in (1, features):
            raise SettingError(
                f"{name} has {len(given)} values, and the data {features} features; give one value, "
                f"or one for each feature."
            )
        return self.x.new_tensor(given).expand(features).clone()

    @property
    def size(self) -> int:
        """Of a batch; the last may be smaller."""
        return min(self.settings.batch_size, len(self.x))

    def stacks(self, x: Tensor) -> Iterator[Tensor]:
        """Stacks of batches of x."""
        return stacks(x, self.size)

    def in_batches(
        self, call: Callable[[Tensor], Tensor], x: Tensor, size: int | None = None
    ) -> Tensor:
        """What `call` makes of each batch of x, or of all rows where each is normalised by itself."""
        return in_batches(call, x, size or self.size) if self.row.uses_batch else call(x)

    def normalize(self, x: Tensor, size: int | None = None) -> Tensor:
        """The equation on each batch, with the reader's eps, weight 1 and bias 0."""
        settings: dict[str, Any] = dict(self.settings.row_settings)
        return self.in_batches(lambda b: normalize(b, self.row, **settings).y, x, size)


def prepare(settings: Settings, record: Record) -> Setup:
    """Read or draw the data, shuffle, drop an incomplete batch if asked, and look for trouble."""
    table = _table(settings)
    values = table.values
    if settings.shuffle:
        order = torch.randperm(len(values), generator=torch.Generator().manual_seed(settings.seed))
        values = values[order]
    if (
        settings.drop_last
        and len(values) % settings.batch_size
        and len(values) > settings.batch_size
    ):
        values = values[: -(len(values) % settings.batch_size)]
    setup = Setup(settings, table, values.to(_device(settings.device)), record)
    _refuse_single(setup)
    _refuse_overflow(setup)
    _ = setup.weight, setup.bias  # a wrong number of values is told before anything is computed
    return setup


def _table(settings: Settings) -> Table:
    data = settings.data
    if data is None:
        return chapter_points(settings.samples, settings.mean, settings.std, settings.seed)
    if isinstance(data, Tensor | np.ndarray):
        return _table_of(data, settings)
    if data == ARRAY:
        raise DataError(
            "the data were an array in Python, which no file holds; run it there again."
        )
    if not isinstance(data, str | os.PathLike):
        kind = type(data).__name__
        raise SettingError(f"data is a {kind}; give a file, a tensor or a numpy array.")
    options = {"drop_missing": settings.drop_missing, **settings.given()}
    return read_table(data, settings.columns, **options)


def _table_of(given: Tensor | np.ndarray, settings: Settings) -> Table:
    if settings.columns or settings.drop_missing or settings.given():
        more = "".join(f", {name}" for name in settings.given())
        raise SettingError(
            f"columns and drop_missing{more} belong to a file; choose in the array itself."
        )
    if isinstance(given, np.ndarray):
        if given.dtype.kind not in "biuf":
            raise DataError(f"data has dtype {given.dtype}; give numbers.")
        # a copy in this machine's order of bytes, which torch needs
        given = torch.tensor(given.astype(np.float32 if given.dtype == np.float32 else np.float64))
    values = given.detach().cpu()
    if values.is_complex():
        raise DataError(f"data has dtype {values.dtype}; give real numbers.")
    if values.dim() != 2 or len(values) < 2 or not values.shape[1]:
        raise DataError(
            f"data has shape {tuple(values.shape)}; give rows × columns, 2 rows or more."
        )
    values = values if values.dtype in (torch.float32, torch.float64) else values.double()
    if not bool(values.isfinite().all()):
        raise DataError("data has NaN or infinite values; leave those rows out.")
    names = tuple(f"Feature {i + 1}" for i in range(values.shape[1]))
    return Table(values.contiguous(), names, "the data given")


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # which the meta device cannot
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        first = re.split(r"\n|(?<=\w)\. ", str(error))[0].rstrip(".")  # torch goes on for a page
        raise SettingError(f"device {name!r} cannot be used here: {first}.") from error
    return device


def _refuse_single(setup: Setup) -> None:
    """A pool of one has no variance; torch's layer refuses a last batch of one in training."""
    if setup.row.center and not setup.row.uses_batch and setup.x.shape[1] == 1:
        raise DataError(
            f"norm {setup.row.name!r} pools the columns of a row, and there is one: every value would "
            f"become its bias. Use more columns, or another --norm."
        )
    if not setup.row.uses_batch or len(setup.batches[-1]) > 1:
        return
    rows, size = len(setup.x), setup.settings.batch_size
    way_out = (
        "Use --drop-last, or another --batch-size" if size > 1 else "Use a larger --batch-size"
    )
    raise DataError(
        f"the last batch has 1 row ({rows} rows in batches of {size}), whose variance is 0: torch's "
        f"layer says 'Expected more than 1 value per channel when training'. {way_out}."
    )


def _refuse_overflow(setup: Setup) -> None:
    """Every row squares the data, and a condition number squares the squares."""
    squares = (_mean_square(setup) * len(setup.x)).to(setup.x.dtype).double()
    for name, able in zip(setup.names, squares.square().isfinite().tolist(), strict=True):
        if not able:
            raise DataError(f"column {name!r} has values too large to be squared; divide it.")


def _mean_square(setup: Setup) -> Tensor:
    found = setup.moments
    return (found.var(0) + found.mean.square()).cpu()


def notes(setup: Setup) -> list[str]:
    """How the data were read, and what of them is drawn."""
    reading = setup.table.reading
    found = [reading[0].upper() + reading[1:]] if reading else []
    if len(setup.x) > DRAWN:
        found.append(
            f"Figures of points show {len(drawn(setup.x)):,} of the {len(setup.x):,} rows, evenly spaced; "
            f"every number is computed from all rows, unless the text says otherwise."
        )
    return found


def warnings(setup: Setup) -> list[str]:
    """What goes on with a word: constant columns, and batches larger than the data."""
    found = list(setup.table.notes)
    # a row that looks at one sample at a time does not know that a column is constant
    becomes = (
        ", so it becomes its bias"
        if setup.row.uses_batch
        else "; batch normalisation would erase it"
    )
    for name, moves in zip(setup.names, setup.moving.tolist(), strict=True):
        if not moves:
            found.append(f"Column {name!r} is constant: its variance is 0{becomes}.")
    if words := _units(setup):
        found.append(words)
    if setup.settings.batch_size > len(setup.x):
        found.append(
            f"The batch size {setup.settings.batch_size} is larger than the data: there is one "
            f"batch, of all {len(setup.x)} rows."
        )
    return found


def _units(setup: Setup) -> str:
    """A row that pools the columns adds metres to grams, and the largest numbers decide."""
    moving = [i for i, moves in enumerate(setup.moving.tolist()) if moves]
    if setup.row.uses_batch or setup.own_points or not moving:
        return ""
    size = _mean_square(setup).sqrt().tolist()
    largest, least = max(moving, key=size.__getitem__), min(moving, key=size.__getitem__)
    if size[largest] <= APART * size[least]:
        return ""
    names = setup.names
    return (
        f"{setup.row.title} pools the columns of a row, and they are on different scales: "
        f"{names[largest]!r} is about {size[largest]:.3g} in size and {names[least]!r} about "
        f"{size[least]:.3g}, so the largest decide what the others become. Bring the columns to one scale "
        f"first, or use --norm batch."
    )


def thinned(tensor: Tensor, most: int = DRAWN) -> Tensor:
    """Every k-th row where there are more than `most`."""
    return tensor[:: -(-len(tensor) // most)]


def drawn(tensor: Tensor, most: int = DRAWN) -> np.ndarray:
    """For drawing points."""
    return arrays(thinned(tensor, most))


def arrays(tensor: Tensor) -> np.ndarray:
    """For drawing: numpy, on the CPU."""
    return tensor.detach().cpu().numpy()


def order_note(setup: Setup) -> str:
    """Rows of a file often come sorted, and then a batch is no random sample."""
    if setup.own_points or setup.settings.shuffle:
        return ""
    return "rows in the order of the file; try --shuffle"


def order_warning(setup: Setup, verdict: Verdict, what: str) -> Note | None:
    """Why a claim about random batches fails on such rows."""
    if verdict.outcome == "holds" or not order_note(setup):
        return None
    return Note(
        f"{what} The rows come in the order of the file. Where neighbouring rows are alike, a batch is "
        "not a random sample of the data; `--shuffle` makes it one.",
        "warning",
    )
