"""What is subtracted and what is divided by, pooled as the row says or as a mistake pools."""

from collections.abc import Callable, Mapping, Sequence
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
    out = normalize(_seen(recipe, x), recipe.row, **own)
    center, pool = (_unseen(recipe, a, x) for a in (out.center, out.pool))
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


_AXES = {"group flat": "2"}  # of what is reshaped without the batch


def _over(recipe: "Recipe", x: Tensor, own: dict[str, Any]) -> Operands:
    """Mean and variance over other axes, or one of the two."""
    words = str(recipe.over)
    row = recipe.row
    grouped = words.startswith("group")
    samples = 1 if words == "group flat" else x.shape[0]
    seen = x.reshape(samples, own["num_groups"], -1) if grouped else x
    right = normalize(x, row, **own)
    leading = tuple(range(len(own["normalized_shape"]))) if words == "leading" else None
    dims = leading or axes(_AXES.get(words, words.removeprefix("group ")), seen.dim())
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


def _seen(recipe: "Recipe", x: Tensor) -> Tensor:
    """x with the axes in the order that the mistake takes them for."""
    return x.transpose(1, -1) if recipe.transposed else x


def _unseen(recipe: "Recipe", a: Tensor, x: Tensor) -> Tensor:
    return a.transpose(1, -1) if recipe.transposed and a.dim() == x.dim() else a


# shapes that x may be given before it is reshaped to groups, and the axes that are swapped in them
ORDERS: Mapping[str, tuple[Callable[[torch.Size, int], Sequence[int]], tuple[int, int]]] = {
    "channels in turn": (lambda s, groups: (s[0], s[1] // groups, groups, -1), (1, 2)),
    "numbers in turn": (lambda s, groups: (s[0], -1, groups), (1, 2)),
    "channels last": (lambda s, groups: (s[0], s[1], -1), (1, 2)),
    "channels first": (lambda s, groups: (s[0], s[1], -1), (0, 1)),
}


def ordered(x: Tensor, own: dict[str, Any], word: str, back: bool = False) -> Tensor:
    """The numbers of x in another order, or back from it, in its shape."""
    if not word:
        return x
    cut, swapped = ORDERS[word]
    wide = x.new_empty(x.shape, device="meta").reshape(cut(x.shape, own["num_groups"]))
    shape = wide.transpose(*swapped).shape if back else wide.shape
    return x.reshape(shape).transpose(*swapped).reshape(x.shape)


def median(x: Tensor, center: Tensor, own: dict[str, Any], middle: str) -> Tensor:
    """The median of what the center is the mean of; of an even count the "lower" number or the midpoint."""
    if "num_groups" in own:
        rows = x.reshape(x.shape[0], own["num_groups"], -1)
        found = rows.quantile(0.5, 2, keepdim=True, interpolation=middle)
        return found.expand(rows.shape).reshape(x.shape)
    pooled = [axis for axis, size in enumerate(center.shape) if size < x.shape[axis]]
    kept = [axis for axis in range(x.dim()) if axis not in pooled]
    rows = x.permute(*kept, *pooled).flatten(len(kept))
    return rows.quantile(0.5, -1, interpolation=middle).reshape(center.shape)


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
