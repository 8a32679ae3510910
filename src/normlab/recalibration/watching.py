"""Seeing what layers normalise while a model runs, whatever they do before and after."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from normlab.nn.scripting import Unscripted

See = Callable[[nn.Module, Tensor, Tensor | None], None]  # a layer, its x, and the mask of x
_OF_TORCH = (
    nn.functional.batch_norm,
    torch.batch_norm,
    nn.functional.instance_norm,
    torch.instance_norm,
)


@contextmanager
def watching(layers: Iterable[nn.Module], see: See) -> Iterator[None]:
    """Call `see` with whatever these layers normalise, before they do."""
    ours = [layer for layer in layers if isinstance(layer, Unscripted)]
    theirs = [layer for layer in layers if not isinstance(layer, Unscripted)]
    handles = [layer.register_forward_pre_hook(_hook(see), with_kwargs=True) for layer in ours]
    try:
        with _Calls(theirs, see) if theirs else nullcontext():
            yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(see: See) -> Callable[..., None]:
    def hook(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = dict(zip(("input", "mask"), args, strict=False)) | kwargs
        see(layer, given["input"], given.get("mask"))

    return hook


class _Calls(TorchFunctionMode):
    """Sees torch's functions that are given the statistics of one of these layers."""

    def __init__(self, layers: Iterable[nn.Module], see: See):
        super().__init__()
        self.see = see
        self.layers = {id(layer.running_mean): layer for layer in layers}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _OF_TORCH:
            # torch.batch_norm has weight and bias before the statistics, F.batch_norm after them
            held = [*args, *kwargs.values()]
            layer = next((self.layers[id(v)] for v in held if id(v) in self.layers), None)
            if layer is not None:
                self.see(layer, args[0] if args else kwargs["input"], None)
        return func(*args, **kwargs)
