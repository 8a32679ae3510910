"""What is subtracted and what is divided by, pooled as the row says or as a mistake pools."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from normlab.equation.reference import normalize, positive_power
from normlab.errors import ShapeError

if TYPE_CHECKING:
    from normlab.grading.judge.recipe import Recipe

Operands = tuple[Tensor, Tensor, int]  # center, pool, and how many elements are in one pool

CENTERS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda center: center,
    "nothing": torch.zeros_like,
    "added": lambda center: -center,
}

# what is divided, where it is not d = x − center
NUMERATORS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "one": lambda d: 1.0 + 0.0 * d,
    "inverse": lambda d: 1.0 / d,
}

# the divisor, of the right one, of what it is without the constant, and of the constant
DIVISORS: Mapping[str, Callable[[Tensor, Tensor, Any], Tensor]] = {
    "squared": lambda scale, bare, sigma: scale**2,
    "constant after": lambda scale, bare, sigma: 1.0 / (1.0 / bare + sigma),
}

# a variance v that is taken wrongly, where c is the mean: mean (x − a)² is v + (c − a)²
SPREADS: Mapping[str, Callable[[Tensor, Tensor, int], Tensor]] = {
    "": lambda v, c, count: v,
    "about zero": lambda v, c, count: v + c**2,
    "about minus": lambda v, c, count: v + 4 * c**2,
    "about the sum": lambda v, c, count: v + (count - 1) ** 2 * c**2,
    "about the multiplied": lambda v, c, count: v + (count**2 - 1) ** 2 * c**2,
    "square added": lambda v, c, count: v + 2 * c**2,
    "not squared": lambda v, c, count: v + c**2 - c,
}

ELEMENTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "squared": lambda d: d**2,
    "itself": lambda d: d,
    "cubed": lambda d: d**3,
}


def of(recipe: "Recipe", x: Tensor, own: dict[str, Any]) -> Operands:
    """center, pool and count of one step."""
    if recipe.over is not None:
        return _over(recipe, x, own)
    if recipe.surround:
        return _surrounded(recipe, x, own)
    if recipe.signed:
        weight = torch.as_tensor(own["pool_weight"])[: x.shape[1], : x.shape[1]]
        return x.new_zeros(()), torch.einsum("ij,nj...->ni...", weight, x), 1
    out = normalize(_seen(recipe, x, own), recipe.row, **own)
    center, pool = (_unseen(recipe, a, x, own) for a in (out.center, out.pool))
    if recipe.reach:
        pool = _reached(recipe, x, own)
    elif recipe.element:
        pool = _pooled(recipe, x - center, own)
    elif recipe.largest:
        over = tuple(i for i, size in enumerate(pool.shape) if size == 1)
        pool = positive_power(x - center, recipe.row.number("n", own)).amax(over, keepdim=True)
    if recipe.clipped:
        pool = pool * _clipped(x, own["size"])
    if recipe.row.grouped:
        return center, pool, x[0].numel() // own["num_groups"]
    return center, pool, x.numel() // max(pool.numel(), 1)


def _pooled(recipe: "Recipe", d: Tensor, own: dict[str, Any]) -> Tensor:
    """The pool of what the mistake makes of d, with its sign: what it adds to that of a level above it."""
    e = ELEMENTS[recipe.element](d)
    plain = replace(recipe.row, n=1.0, p=1.0, center=False)
    level = (1.0 + e.detach().abs().max()).expand(e.shape)
    with_it, without = (normalize(a, plain, **own).pool for a in (level + e, level))
    return with_it - without


def _surrounded(recipe: "Recipe", x: Tensor, own: dict[str, Any]) -> Operands:
    """Mean and mean square over a window of its own."""
    assert recipe.surround is not None
    window = own["size"], own["width"] or own["size"] / 4
    center = recipe.surround.pool(x, *window)
    return center, recipe.surround.pool((x - center) ** 2, *window), 1


def squeezed(a: Tensor, x: Tensor) -> Tensor:
    """Without the pooled axes, lined up with x from the right, as broadcasting does."""
    return a.squeeze().expand(x.shape)


def _over(recipe: "Recipe", x: Tensor, own: dict[str, Any]) -> Operands:
    """Mean and variance over other axes, or one of the two."""
    words = str(recipe.over)
    row = recipe.row
    grouped = words.startswith("group")
    seen = x.reshape(x.shape[0], own["num_groups"], -1) if grouped else x
    right = normalize(x, row, **own)
    leading = tuple(range(len(own["normalized_shape"]))) if words == "leading" else None
    dims = leading or axes(words.removeprefix("group "), seen.dim())
    if not dims and recipe.over:
        raise ShapeError("no axis to pool over")
    power = row.number("n", own)
    if not dims:
        return x.new_zeros(()), positive_power(x, power), 1
    usual = (
        (2,) if grouped else tuple(d for d in range(x.dim()) if right.pool.shape[d : d + 1] == (1,))
    )

    def mean(a: Tensor, over: tuple[int, ...]) -> Tensor:
        return a.mean(over, keepdim=True)

    def center_of(over: tuple[int, ...]) -> Tensor:
        return mean(seen, over) if row.center else seen.new_zeros(())

    subtracted, about, over = {
        "both": (dims, dims, dims),
        "mean": (dims, usual, usual),
        "mean moved": (dims, dims, usual),
        "variance": (usual, usual, dims),
        "own variance": (usual, dims, dims),
    }[recipe.over_of]
    center = center_of(subtracted)
    pool = mean(positive_power(seen - center_of(about), power), over)
    count = seen.numel() // max(pool.numel(), 1)
    if row.pool.reduce == "sum":  # type: ignore[union-attr]
        pool = pool * count
    if grouped:
        center, pool = (a.expand(seen.shape).reshape(x.shape) for a in (center, pool))
    return center, pool, count


def _clipped(x: Tensor, size: int) -> Tensor:
    """size / (the channels that the window of each channel has)."""
    channel = torch.arange(x.shape[1])
    low, high = channel - size // 2, channel + (size - 1) // 2
    has = high.clamp_max(x.shape[1] - 1) - low.clamp_min(0) + 1
    return (size / has.to(x.dtype)).reshape(1, -1, *[1] * (x.dim() - 2))


# the channels before and after its own that a window may be taken to have, by their words
REACHES: Mapping[str, Callable[[int], int]] = {
    "no": lambda size: 0,
    "size // 2": lambda size: size // 2,
    "(size − 1) // 2": lambda size: (size - 1) // 2,
    **{
        f"size // 2 {words}": lambda size, more=more: size // 2 + more
        for words, more in (("+ 1", 1), ("+ 2", 2), ("− 1", -1), ("− 2", -2))
    },
    "size // 3": lambda size: size // 3,
    "size − 1": lambda size: size - 1,
    "size": lambda size: size,
    "2 · (size − 1)": lambda size: 2 * (size - 1),
    "−(size // 2)": lambda size: -(size // 2),
    "1 − size // 2": lambda size: 1 - size // 2,
    "all": lambda size: 1 << 20,
}


def _reached(recipe: "Recipe", x: Tensor, own: dict[str, Any]) -> Tensor:
    """α/size times the sum over a window of its own reach, of the squares or of another element."""
    before, after = (REACHES[word](own["size"]) for word in recipe.reach)
    element = ELEMENTS[recipe.element or "squared"](x)
    windows = (element[:, max(0, c - before) : c + after + 1] for c in range(x.shape[1]))
    summed = torch.stack([window.sum(1) for window in windows], 1)
    return own["alpha"] / own["size"] * summed


def _seen(recipe: "Recipe", x: Tensor, own: dict[str, Any]) -> Tensor:
    """x with the axes or channels in the order that the mistake takes them for."""
    if recipe.transposed:
        return x.transpose(1, -1)
    return x[:, _dealt(x.shape[1], own["num_groups"])] if recipe.interleaved else x


def _unseen(recipe: "Recipe", a: Tensor, x: Tensor, own: dict[str, Any]) -> Tensor:
    if recipe.transposed and a.dim() == x.dim():
        return a.transpose(1, -1)
    if recipe.interleaved:
        return a.expand(x.shape)[:, _dealt(x.shape[1], own["num_groups"]).argsort()]
    return a


def _dealt(channels: int, groups: int) -> Tensor:
    """The order that puts channels 0, G, 2G, … beside each other."""
    return torch.arange(channels).reshape(-1, groups).T.flatten()


def axes(over: str, rank: int) -> tuple[int, ...]:
    """The dimensions meant by axes of x, by their numbers, or by "last" and "but last".

    >>> axes("n s", 4), axes("but last", 3), axes("c", 2)
    ((0, 2, 3), (0, 1), (1,))
    """
    if over == "last":
        return (rank - 1,)
    if over.lstrip("-")[:1].isdigit():
        return tuple(sorted(int(dim) % rank if dim[0] == "-" else int(dim) for dim in over.split()))
    if over == "but last":
        return tuple(range(rank - 1))
    places = {"n": (0,), "c": (1,), "s": tuple(range(2, rank))}
    return tuple(sorted(dim for name in over.split() for dim in places[name]))
