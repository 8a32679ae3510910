"""A function of whole samples, computed a few samples at a time so that its scratch stays in the cache."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from normlab.tracing import in_forward_mode, values_known

BLOCK = 1 << 19  # elements: a block and its scratch stay in the caches, the loop costs little

Optional = Tensor | None


def in_blocks(
    function: Callable[..., Sequence[Optional]],
    like: Tensor,
    joined: Sequence[bool],
    *given: Optional,
) -> tuple[Optional, ...]:
    """function(*given): its results are put together where `joined`, and summed where not.

    What has the batch of `like` is cut, all else is shared. `out` is where the function may put its
    results, or None. Whole where autograd, forward mode or a tracer looks on, and on a GPU, which a block
    would not fill.
    """
    none = (None,) * len(joined)
    if torch.is_grad_enabled() or in_forward_mode() or not values_known(like):
        return tuple(function(*given, out=none))
    samples, step = len(like), samples_of(like, BLOCK)
    if step >= samples:
        return tuple(function(*given, out=none))
    whole: list[Optional] = list(none)
    for start in range(0, samples, step):
        cut = slice(start, min(start + step, samples))
        out = [a[cut] if a is not None and j else None for a, j in zip(whole, joined, strict=True)]
        parts = function(*(_cut(a, cut, samples) for a in given), out=out)
        for i, part in enumerate(parts):
            if part is not None:
                whole[i] = _put(whole[i], part, out[i], cut, samples if joined[i] else 0)
    return tuple(whole)


def samples_of(x: Tensor, most: int) -> int:
    """Samples of a block of at most so many elements, but one at least; on a GPU all of them."""
    if not x.is_cpu:
        return max(1, len(x))
    return max(1, most * len(x) // max(x.numel(), 1))


def _put(whole: Optional, part: Tensor, out: Optional, cut: slice, samples: int) -> Tensor:
    """The results so far with this block's."""
    if not samples:
        return part if whole is None else whole + part
    whole = _room(part, samples) if whole is None else whole
    if part is not out:
        whole[cut] = part
    return whole


def _cut(a: Optional, cut: slice, samples: int) -> Optional:
    return a if a is None or a.dim() < 2 or len(a) != samples else a[cut]


def _room(part: Tensor, samples: int) -> Tensor:
    """Room for that many samples, laid out in memory as the part is."""
    order = sorted(range(1, part.dim()), key=lambda d: -part.stride(d))
    room = part.new_empty([samples, *(part.shape[d] for d in order)])
    return room.permute(0, *(1 + order.index(d) for d in range(1, part.dim())))
