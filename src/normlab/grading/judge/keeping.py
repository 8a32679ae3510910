"""Running statistics, kept as they should be or as a mistake keeps them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from normlab.grading.judge.recipe import Recipe

Kept = tuple[Tensor, Tensor]
Blend = tuple[str, str]  # the weights of the old average and of the new batch, by their words
Counts = tuple[int, int, int]  # the numbers in one pool, the samples, all numbers

SHARES: Mapping[str, Callable[[float], float]] = {
    "0": lambda momentum: 0.0,
    "1": lambda momentum: 1.0,
    "momentum": lambda momentum: momentum,
    "(1 − momentum)": lambda momentum: 1.0 - momentum,
    "(1 + momentum)": lambda momentum: 1.0 + momentum,
    "(2 − momentum)": lambda momentum: 2.0 - momentum,
    "−momentum": lambda momentum: -momentum,
    "(momentum − 1)": lambda momentum: momentum - 1.0,
    "1 / momentum": lambda momentum: 1.0 / momentum,
    "(1 − 1 / momentum)": lambda momentum: 1.0 - 1.0 / momentum,
    "1 / (1 − momentum)": lambda momentum: 1.0 / (1.0 - momentum),
}
TORCH: Blend = ("(1 − momentum)", "momentum")
KERAS: Blend = ("momentum", "(1 − momentum)")

# what the variance of a batch is multiplied by before it is kept
FACTORS: Mapping[str, Callable[[int, int, int], float]] = {
    "unbiased": lambda n, samples, every: n / max(n - 1, 1e-300),
    "biased": lambda n, samples, every: 1.0,
    "upside down": lambda n, samples, every: (n - 1) / n,
    "n + 1": lambda n, samples, every: n / (n + 1),
    "samples": lambda n, samples, every: samples / max(samples - 1, 1e-300),
    "all": lambda n, samples, every: every / max(every - 1, 1e-300),
    "twice": lambda n, samples, every: (n / max(n - 1, 1e-300)) ** 2,
    "n − 2": lambda n, samples, every: n / max(n - 2, 1e-300),
    "times n": lambda n, samples, every: float(n),
    "over n − 1": lambda n, samples, every: 1 / max(n - 1, 1e-300),
    "times n − 1": lambda n, samples, every: float(n * (n - 1)),
    "negative": lambda n, samples, every: -float(n),
}


def blended(
    recipe: "Recipe", kept: Kept, batch: Kept, counts: Counts, momentum: float, strict: bool
) -> Kept:
    """Both averages after a batch. strict: numbers that do not fit the channels are an error, not lost."""
    center, pool = batch
    var = pool * FACTORS[recipe.kept](*counts)
    found = []
    for old, new, blend in zip(
        kept, (center, var.sqrt() if recipe.kept_root else var), recipe.blends, strict=True
    ):
        held, taken = (SHARES[word](momentum) for word in blend)
        found.append(held * old + taken * _each(new.detach(), len(old), strict))
    return found[0], found[1]


def counts(x: Tensor, pooled: int) -> Counts:
    return pooled, x.shape[0], x.numel()


def shaped(kept: Kept, rank: int, root: bool) -> Kept:
    """The running statistics as center and pool."""
    shape = (1, -1, *[1] * (rank - 2))
    mean, var = kept
    return mean.reshape(shape), (var**2 if root else var).reshape(shape)


def before(seen: list[dict[str, Any]] | None, index: int) -> Kept | None:
    """The statistics that a learner's layer had before a step, where they could be read."""
    held = seen[index].get("before") if seen and index < len(seen) else None
    if not held or len(held["mean"]) != len(held["var"]):
        return None
    mean, var = (torch.tensor(held[name], dtype=torch.float64) for name in ("mean", "var"))
    return mean, var


def _each(values: Tensor, channels: int, strict: bool) -> Tensor:
    """One value a channel, from whatever shape the pool has."""
    if values.dim() > 1 and values.shape[1] == channels and values.numel() == channels:
        return values.reshape(-1)
    if not strict and values.numel() not in (1, channels):
        return torch.full((channels,), torch.nan, dtype=values.dtype)
    return values.reshape(-1).expand(channels)
