"""What is tried of the layers on a device: each check gives a line that says whether it holds."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

from normlab import nn as ours
from normlab.bench import verified
from normlab.bench.grid import DTYPES, LAYOUTS, Case
from normlab.bench.kinds import KINDS

IMAGE, ROWS = (4, 16, 12, 12), (32, 64)
COMPILED = (
    "batch",
    "layer",
    "rms",
    "group",
    "local response",
    "divisive",
    "divisive, box 7",
    "GDN",
)


@dataclass(frozen=True)
class Checked:
    """`share`: the largest difference from float64, in units of what rounding may make of it."""

    what: str
    share: float
    said: str = ""

    @property
    def words(self) -> str:
        return f"{self.what}: {self.said or f'{self.share:.3g} × what rounding allows'}"

    @property
    def holds(self) -> bool:
        return not self.said and self.share <= 1.0


Tried = Iterator[Checked]


def _guarded(what: str, run: Callable[[], float]) -> Checked:
    """A check that raises does not hold; the others are still tried."""
    try:
        return Checked(what, run())
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Checked(what, float("inf"), f"{type(error).__name__}: {first}")


def _cases() -> Iterator[Case]:
    for name, kind in KINDS.items():
        for dtype in DTYPES:
            for layout in ("contiguous",) if kind.of_rows else LAYOUTS:
                yield Case(name, ROWS if kind.of_rows else IMAGE, layout, dtype)


def numbers(device: str) -> Tried:
    """y and every gradient of every layer, in each dtype and layout, against float64."""
    for case in _cases():
        yield _guarded(case.full, lambda case=case: _share(case, device, lambda layer: layer))


def _share(
    case: Case, device: str, made: Callable[[nn.Module], Callable[..., torch.Tensor]]
) -> float:
    x, g = case.drawn(0, device), case.drawn(1, device)
    layer = case.layer().to(device, DTYPES[case.dtype])
    right = verified.expected(case.kind, layer, case.channels, x, g)
    return verified.farthest(verified.slopes(made(layer), x, list(layer.parameters()), g), right)


def running_statistics(device: str) -> Tried:
    """The running mean and variance after two batches, the second of them masked."""
    yield _guarded("running statistics, with a mask", lambda: _statistics(device))


def _statistics(device: str) -> float:
    case = Case("batch", IMAGE)
    here, right = ours.BatchNorm(IMAGE[1]).to(device), ours.BatchNorm(IMAGE[1]).double()
    mask = torch.arange(IMAGE[3]).expand(IMAGE) < 7
    for seed, valid in ((0, None), (1, mask)):
        x = case.drawn(seed)
        here(x.to(device), mask=None if valid is None else valid.to(device))
        right(x.double(), mask=valid)
    pairs = ((here.running_mean, right.running_mean), (here.running_var, right.running_var))
    return verified.farthest([a for a, _ in pairs], [b for _, b in pairs])  # pyright: ignore


def synchronised(device: str) -> Tried:
    """Batch norm over a process group of one process, by NCCL on a GPU and by gloo on a CPU."""
    backend = "nccl" if device.startswith("cuda") else "gloo"

    def run() -> float:
        with tempfile.TemporaryDirectory() as folder:
            where = (Path(folder) / "group").as_uri()
            dist.init_process_group(backend, init_method=where, rank=0, world_size=1)
            try:
                return _share(Case("batch", IMAGE), device, _in_group)
            finally:
                dist.destroy_process_group()

    yield _guarded(f"synchronised batch norm over {backend}, one process", run)


def _in_group(layer: nn.Module) -> nn.Module:
    return ours.synchronize(layer)


def autocast(device: str) -> Tried:
    """Half input, as after a convolution, to layers with float32 parameters."""
    for name, kind in KINDS.items():
        for dtype in ("bfloat16", "float16"):
            case = Case(name, ROWS if kind.of_rows else IMAGE, dtype=dtype)
            what = f"{name}, autocast to {dtype}"
            yield _guarded(what, lambda case=case: _cast(case, device))


def _cast(case: Case, device: str) -> float:
    x, layer = case.drawn(0, device), case.layer().to(device)
    with torch.autocast(device.partition(":")[0], DTYPES[case.dtype]):
        y = layer(x)
    right = case.kind.composed(case.layer().double(), case.channels)(x.cpu().double())
    return verified.farthest([y.detach().to(x.dtype)], [right.detach()])


def compiled(device: str, names: tuple[str, ...] = COMPILED) -> Tried:
    """Under torch.compile: y and every gradient."""
    for name in names:
        case = Case(name, ROWS if KINDS[name].of_rows else IMAGE)
        yield _guarded(
            f"{name}, compiled",
            lambda case=case: _share(
                case, device, lambda layer: torch.compile(layer, fullgraph=True)
            ),
        )


CHECKS = {
    "numbers": numbers,
    "running statistics": running_statistics,
    "synchronised": synchronised,
    "autocast": autocast,
    "compiled": compiled,
}
