"""Where the difference between eval() and the data comes from: one layer after the other is switched."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from normlab.doctor.case import Layer
from normlab.doctor.drift import drift
from normlab.doctor.observing import Observed, squared
from normlab.doctor.seen import Seen
from normlab.recalibration.batches import Progress, tensors

MOST = 48  # layers, each of which costs a forward pass
Slot = tuple[MutableMapping[str, Any], str]


def slots_of(layers: list[Layer]) -> dict[str, tuple[Slot, Slot]]:
    """Where the model keeps the running mean and variance of each layer; to be called before it is copied."""
    found = {}
    for layer in layers:
        pair = _slot(layer.module, layer.mean), _slot(layer.module, layer.var)
        if pair[0] is not None and pair[1] is not None:
            found[layer.name] = pair
    return found


def _slot(module: nn.Module | None, value: Tensor | None) -> Slot | None:
    parts = [] if module is None or value is None else module.modules()
    homes = (home for part in parts for home in (part._buffers, vars(part)))
    return next(((h, name) for h in homes for name, held in h.items() if held is value), None)


def localise(
    layers: list[Layer], slots: dict[str, tuple[Slot, Slot]], seen: Observed, progress: Progress
) -> None:
    """Fills in `changes`: ‖y with the layer's statistics from the data − y‖ / ‖y‖, on the first batch,
    for the MOST layers that are farthest off; and `change`, for all layers at once.

    The model must be in evaluation and kept unchanged by the caller.
    """
    every = [layer for layer in layers if layer.name in slots and _known(layer, layer.seen)]
    ready = _worst(every)
    if not ready or not seen.kept:
        return
    before = _outputs(seen)
    for number, layer in enumerate(ready):
        with _statistics([(layer, layer.seen)], slots):
            seen.changes[layer.name] = _change(before, _outputs(seen))
        progress(number + 1, len(ready))
    pairs = [(one, one.seen_training) for one in every if _known(one, one.seen_training)]
    with _statistics(pairs, slots):
        seen.change = _change(before, _outputs(seen))


def _worst(layers: list[Layer]) -> list[Layer]:
    """The MOST layers whose statistics are farthest from the data, in the order of the model."""
    far = {layer: one.z + one.r for layer in layers if (one := drift(layer, layer.seen))}
    chosen = set(sorted(far, key=lambda layer: -far[layer])[:MOST])
    return [layer for layer in layers if layer in chosen]


def _known(layer: Layer, seen: Seen | None) -> bool:
    fits = seen is not None and layer.mean is not None and seen.pooled.count > 1
    return fits and seen.pooled.mean.numel() == layer.mean.numel()  # pyright: ignore[reportOptionalMemberAccess]


def _outputs(seen: Observed) -> list[Tensor]:
    return [t.detach().double() for t in tensors(seen.run(seen.kept[0]))]


def _change(before: list[Tensor], after: list[Tensor]) -> float:
    moved = sum(squared(b - a) for a, b in zip(before, after, strict=True) if a.shape == b.shape)
    size = sum(map(squared, before))
    return (moved / size) ** 0.5 if size > 0 else float(moved > 0)


@contextmanager
def _statistics(
    pairs: list[tuple[Layer, Seen | None]], slots: dict[str, tuple[Slot, Slot]]
) -> Iterator[None]:
    """The statistics of the data in the place of those held."""
    kept = [(slot, slot[0][slot[1]]) for layer, _ in pairs for slot in slots[layer.name]]
    try:
        for layer, seen in pairs:
            assert seen is not None
            for (home, name), value in zip(
                slots[layer.name], (seen.pooled.mean, seen.pooled.var()), strict=True
            ):
                home[name] = torch.as_tensor(value).to(home[name]).reshape(home[name].shape)
        yield
    finally:
        for (home, name), value in kept:
            home[name] = value
