"""Checks of running statistics: one step of training from where the module stands, and none in eval."""

from collections.abc import Callable

import torch
from torch import Tensor

from normlab.checks.finding import Finding, compared, told, without
from normlab.checks.subject import Subject, run
from normlab.dtypes import computed_in
from normlab.errors import CheckError


def statistics(subject: Subject, x: Tensor) -> list[Finding]:
    if not subject.tracks:
        return [without("running statistics", "the module keeps none.")]
    x = _few(subject, x)
    trained, still = subject.fresh(training=True), subject.fresh(training=False)
    run(trained, x.detach().clone())
    run(still, x.detach().clone())
    momentum = getattr(subject.module, "momentum", 0.1)
    share = _share(subject.module) if momentum is None else momentum
    return [
        *(
            _moved(name, subject.module, trained, x, share, not subject.row.uses_batch)
            for name in ("mean", "var")
        ),
        told(
            "running statistics in evaluation",
            all(
                torch.equal(a, b)
                for a, b in zip(still.buffers(), subject.module.buffers(), strict=True)
            ),
            "eval() changes them; update only while self.training.",
        ),
    ]


def _few(subject: Subject, x: Tensor) -> Tensor:
    """A corner of x, where n − 1 is far from n, if the module takes it."""
    corner = x[(slice(4), slice(None), *[slice(3)] * (x.dim() - 2))]
    try:
        run(subject.fresh(training=True), corner.detach().clone())
    except CheckError:
        return x
    return corner


def _share(module: torch.nn.Module) -> float:
    """With momentum=None torch keeps the plain average of all batches."""
    return 1.0 / (int(getattr(module, "num_batches_tracked", 0)) + 1)


def _moved(
    name: str, old: torch.nn.Module, new: torch.nn.Module, x: Tensor, share: float, samples: bool
) -> Finding:
    before = getattr(old, f"running_{name}").double()
    after = getattr(new, f"running_{name}").double()
    forms = _forms(name, x.detach().double(), samples)
    right = (1 - share) * before + share * forms[_TORCHS]
    allowed = _allowed(x, name, right)
    finding = compared(f"running {name}", after, right, allowed, "")
    if finding.outcome == "agrees":
        return finding
    return compared(
        f"running {name}", after, right, allowed, _named(before, after, forms, share, allowed)
    )


_TORCHS = "what torch stores"


def _forms(name: str, x: Tensor, samples: bool) -> dict[str, Tensor]:
    """What may be stored of a batch, by who does it; of each sample first where rows keep them apart."""
    whole = [dim for dim in range(x.dim()) if dim != 1]
    dims = whole[1:] if samples else whole

    def average(values: Tensor) -> Tensor:
        return values.mean(0) if samples else values

    if name == "mean":
        return {_TORCHS: x.mean(whole)}
    return {
        _TORCHS: average(x.var(dims)),
        "the biased variance (as Keras and Flax store it; torch stores the unbiased one)": average(
            x.var(dims, correction=0)
        ),
        "the standard deviation": average(x.std(dims)),
        "the second moment E[x²]": x.square().mean(whole),
    }


def _named(before: Tensor, after: Tensor, forms, share: float, allowed: Tensor) -> str:
    """The convention that explains what is stored."""
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "": lambda new: (1 - share) * before + share * new,
        "momentum the wrong way round (Keras's and Flax's direction): ": lambda new: (
            share * before + (1 - share) * new
        ),
        "no average over batches, the last one alone: ": lambda new: new,
    }
    if bool(((after - before).abs() <= allowed).all()):
        return "it did not move in training; update it in forward while self.training."
    for way, blend in ways.items():
        for what, new in forms.items():
            if bool(((after - blend(new)).abs() <= allowed).all()):
                return f"{way}stored is {what}."
    return "neither momentum's direction nor the correction explains it."


def _allowed(x: Tensor, name: str, right: Tensor) -> Tensor:
    """√n roundings of the sums; a variance is taken about a mean that is itself rounded."""
    eps = torch.finfo(computed_in(x.dtype)).eps
    wide = x.detach().double()
    count = max(1, x.numel() // right.numel())
    size = (
        wide.abs().amax() if name == "mean" else right.abs() + (eps * wide.abs().amax()) ** 2 / eps
    )
    return 4 * eps * count**0.5 * (size + right.abs())
