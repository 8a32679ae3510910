"""Running statistics, kept as they should be or as a mistake keeps them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from normlab.grading.judge.recipe import Recipe

Kept = tuple[Tensor, Tensor]
Blend = tuple[str, str]  # the weights of the old average and of the new batch, by their words
Counts = tuple[int, torch.Size]  # the numbers in one pool, and the shape of x

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

# an average after a batch, of the shares h and t, the old average and the batch's number
FORMS: Mapping[str, Callable[[float, Tensor, float, Tensor], Tensor]] = {
    "": lambda h, old, t, new: h * old + t * new,
    "old missing": lambda h, old, t, new: h + t * new,
    "batch missing": lambda h, old, t, new: h * old + t + 0.0 * new,
    "old divides": lambda h, old, t, new: h / old + t * new,
    "batch divides": lambda h, old, t, new: h * old + t / new,
    "share added": lambda h, old, t, new: old + t + 0.0 * new,
    "share subtracted": lambda h, old, t, new: old - t + 0.0 * new,
    "twice": lambda h, old, t, new: h * (h * old + t * new) + t * new,
    "difference divides": lambda h, old, t, new: old + t / (new - old),
}

OVER_SAMPLES = "N · H · W, which is not what is pooled,"
# what may be taken for n, the numbers that each channel has
OTHER_COUNTS: Mapping[str, Callable[[torch.Size], float]] = {
    "N, the number of samples,": lambda shape: shape[0],
    "C, the number of channels,": lambda shape: shape[1],
    OVER_SAMPLES: lambda shape: shape.numel() / shape[1],
    "the number of all elements of x": lambda shape: shape.numel(),
    "the number of elements of one sample": lambda shape: shape.numel() / shape[0],
    "the number of all elements times C": lambda shape: shape.numel() * shape[1],
    "the number of all elements over the length of axis 2": lambda shape: shape.numel() / shape[2],
}

# what is kept of the variance v of a batch
FACTORS: Mapping[str, Callable[[Tensor, int], Tensor]] = {
    "unbiased": lambda v, n: v * n / max(n - 1, 1e-300),
    "biased": lambda v, n: v,
    "upside down": lambda v, n: v * (n - 1) / n,
    "n + 1": lambda v, n: v * n / (n + 1),
    "n − 2": lambda v, n: v * n / max(n - 2, 1e-300),
    "twice": lambda v, n: v * (n / max(n - 1, 1e-300)) ** 2,
    "times n": lambda v, n: v * n,
    "over n − 1": lambda v, n: v / max(n - 1, 1e-300),
    "times n − 1": lambda v, n: v * (n * (n - 1)),
    "over n and n − 1": lambda v, n: v / max(n * (n - 1), 1e-300),
    "negative": lambda v, n: -v * n,
    "alone": lambda v, n: 0.0 * v + n / max(n - 1, 1e-300),
    "divides": lambda v, n: n / max(n - 1, 1e-300) / v,
}


def blended(
    recipe: "Recipe", kept: Kept, batch: Kept, counts: Counts, momentum: float, strict: bool
) -> Kept:
    """Both averages after a batch. strict: numbers that do not fit the channels are an error, not lost."""
    center, pool = batch
    var = _kept(recipe.kept, pool, counts)
    var = var.sqrt() if recipe.kept_root else var
    found = []
    for old, new, blend, form in zip(kept, (center, var), recipe.blends, recipe.forms, strict=True):
        held, taken = (SHARES[word](momentum) for word in blend)
        found.append(FORMS[form](held, old, taken, _each(new.detach(), len(old), strict)))
    return found[0], found[1]


def _kept(word: str, var: Tensor, counts: Counts) -> Tensor:
    n, shape = counts
    if word in OTHER_COUNTS:
        other = OTHER_COUNTS[word](shape)
        return var * other / (other - 1 or 1e-300)
    return FACTORS[word](var, n)


def shaped(kept: Kept, rank: int, root: bool) -> Kept:
    """The running statistics as center and pool."""
    shape = (1, -1, *[1] * (rank - 2))
    mean, var = kept
    return mean.reshape(shape), (var**2 if root else var).reshape(shape)


def ran(seen: list[dict[str, Any]] | None, index: int) -> bool:
    """Whether the learner's code came through a step, whatever it kept."""
    return seen is not None and index < len(seen) and "error" not in seen[index]


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
