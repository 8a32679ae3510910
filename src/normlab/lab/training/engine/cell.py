"""A cell: one ensemble of networks under training, and everything that decides its numbers."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any, ClassVar, Protocol

from normlab.lab.training.engine.deciding import fingerprint


@dataclass(frozen=True)
class Origin:
    """Where something of the reader's comes from: its content decides, not the path it was read from, nor
    how.
    """

    name: str
    path: str = ""
    digest: str = ""
    how: tuple[tuple[str, Any], ...] = ()


DIGITS = Origin("digits")


class Cell(Protocol):
    """What can be computed by itself and kept; computed_by: "module:function", called with it."""

    computed_by: ClassVar[str]

    @property
    def net_steps(self) -> int: ...


@dataclass(frozen=True)
class Replica:
    """One network of an ensemble: its seed decides its fold, first weights, order and noise."""

    seed: int
    lr: float
    scale: float


@dataclass(frozen=True, kw_only=True)
class Training:
    """Networks that differ in seed, learning rate and scale of the first weights, trained side by side.

    network, options: a name of `networks.NETWORKS` and its settings. norm, norm_options: a name of
    `norms.NORMS` (or the reader's own factory) and its settings. train: how many examples are trained
    on, None for all but the test fold. folds: into how many test parts the data are divided. validated:
    some training examples are kept to choose a rate by. std: of the first weights, None for √(2/fan_in).
    marks: after how many steps the networks are evaluated and probed. watch_training: evaluate on the
    training data too.
    """

    computed_by: ClassVar[str] = "normlab.lab.training.engine.train:train"

    steps: int
    data: Origin = DIGITS
    network: str = "mlp"
    options: Mapping[str, Any] = field(default_factory=dict)
    norm: Origin = Origin("none")
    norm_options: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    lrs: tuple[float, ...] = (0.1,)
    scales: tuple[float, ...] = (1.0,)
    std: float | None = None
    batch_size: int = 32
    optimizer: str = "sgd"
    momentum: float = 0.0
    train: int | None = None
    folds: int = 3
    validated: bool = False
    standardize: bool = True
    marks: tuple[int, ...] = ()
    probes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    watch_training: bool = False
    stacked: bool = True
    dtype: str = "float32"
    device: str = "cpu"

    @property
    def replicas(self) -> list[Replica]:
        """In the order of the result's first axis: learning rates, then scales, then seeds."""
        every = product(self.lrs, self.scales, self.seeds)
        return [Replica(seed, lr, scale) for lr, scale, seed in every]

    @property
    def net_steps(self) -> int:
        return self.steps * len(self.lrs) * len(self.scales) * len(self.seeds)


def key(cell: Cell) -> str:
    """A name for what the cell computes: another setting, data set or engine gives another one."""
    content = json.dumps([cell.computed_by, content_of(cell), fingerprint()], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def content_of(cell: Cell) -> Any:
    """The cell's settings as they are in JSON, without the paths they were read from."""
    return json.loads(json.dumps(_pathless(asdict(cell))))  # pyright: ignore[reportArgumentType]


def _pathless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _pathless(v) for k, v in value.items() if k not in ("path", "how")}
    return value
