"""A case verified, then timed: ours, torch's own, the composed equation, torch.compile and the floor."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from normlab.bench import verified
from normlab.bench.grid import DTYPES, PASSES, Case
from normlab.bench.timing import WALL, Clock, Job, timed
from normlab.kernels.explaining import explain

# the gradients of our parameters may be so many times as far from float64 as torch's, whose operator ours
# often is: over thousands of rows it sums them in a half dtype
AS_TORCH = 1.5
Run = Callable[[Tensor], Tensor]
RIVALS = ("torch", "composed", "compiled")
OTHERS = 1e3  # torch's own may be so many times further: its sums over columns lose digits


@dataclass(frozen=True)
class Timed:
    """A case in one pass: seconds, and of the others (median, lower and upper quartile) of theirs ÷ ours."""

    case: Case
    way: str
    seconds: float
    floor: tuple[float, float, float]  # ours ÷ the copy
    others: dict[str, tuple[float, float, float]]
    raises: tuple[str, ...] = ()
    path: str = ""  # what computes ours


@dataclass(frozen=True)
class Options:
    rounds: int = 15
    compiled: bool = True
    clock: Clock = WALL
    device: str = "cpu"
    settle: Job = field(default=lambda: None)


def measured(case: Case, options: Options) -> list[Timed]:
    """Both passes of a case. Errors: CheckError where our numbers are wrong."""
    x, g = case.drawn(0, options.device), case.drawn(1, options.device)
    layer = case.layer().to(options.device, DTYPES[case.dtype])
    right = verified.expected(case.kind, layer, case.channels, x, g)
    title = f"{case.name} {case.shape} {case.layout} {case.dtype}"
    runs: dict[str, tuple[Run, list[nn.Parameter]]] = {"ours": (layer, list(layer.parameters()))}
    raises: list[str] = []
    slack = [1.0] * len(right)
    for name, (run, parameters) in _rivals(case, layer, options).items():
        try:
            found = verified.slopes(run, x, parameters, g)
        except (RuntimeError, NotImplementedError):
            raises.append(name)
            continue
        # a rival may hold its parameters in another form
        verified.check(f"{title}, {name}", found[:2], right[:2], [OTHERS] * 2)
        runs[name] = run, parameters
        if name == "torch" and [a.shape for a in found] == [b.shape for b in right]:
            theirs = verified.shares(found[2:], right[2:])
            slack[2:] = [max(1.0, AS_TORCH * s) if isfinite(s) else 1.0 for s in theirs]
    own = verified.slopes(layer, x, list(layer.parameters()), g)
    verified.check(title, own, right, slack)
    path = ", ".join(what for _, what in explain(layer, x).calls)
    timed = (_timed(case, way, runs, x, g, options) for way in PASSES)
    return [replace(one, raises=tuple(raises), path=path) for one in timed]


def _rivals(case: Case, layer: nn.Module, options: Options) -> dict[str, Any]:
    kind, own = case.kind, list(layer.parameters())
    found: dict[str, Any] = {"composed": (kind.composed(layer, case.channels), own)}
    torchs = kind.rival(case.channels)
    if torchs is not None:
        torchs = torchs.to(options.device, DTYPES[case.dtype])
        found["torch"] = torchs, list(torchs.parameters())
    if options.compiled and case.aim is not None:
        torch.compiler.reset()  # of one function torch compiles eight forms, and runs others uncompiled
        sources = list(found.items())
        for name, (run, parameters) in sources if options.device == "cpu" else sources[-1:]:
            found[f"compiled {name}"] = torch.compile(run, dynamic=False), parameters
    return found


def _timed(
    case: Case,
    way: str,
    runs: dict[str, tuple[Run, list[nn.Parameter]]],
    x: Tensor,
    g: Tensor,
    options: Options,
) -> Timed:
    backward = way == PASSES[1]
    jobs = {name: _job(run, own, x, g, backward) for name, (run, own) in runs.items()}
    times = timed(
        jobs | {"floor": floor(x, g, backward)}, options.rounds, options.clock, options.settle
    )
    ours = times["ours"]
    others = {name: times[name].over(ours) for name in ("torch", "composed") if name in times}
    compiled = [time for name, time in times.items() if name.startswith("compiled")]
    if compiled:
        others["compiled"] = min(compiled, key=lambda time: time.median).over(ours)
    return Timed(case, way, ours.median, ours.over(times["floor"]), others)


def _job(run: Run, own: list[nn.Parameter], x: Tensor, g: Tensor, backward: bool) -> Job:
    if not backward:

        def forward() -> None:
            with torch.no_grad():
                run(x)

        return forward
    leaf = x.detach().requires_grad_()
    return lambda: torch.autograd.grad(run(leaf), [leaf, *own], g, allow_unused=True)


def floor(x: Tensor, g: Tensor, backward: bool) -> Job:
    """A copy of x; with backward a triad too: two arrays read, one written."""
    y, z = torch.empty_like(x), torch.empty_like(x)

    def job() -> None:
        y.copy_(x)
        if backward:
            torch.add(y, g, out=z)

    return job
