"""What a layer keeps for backward, counted in inputs; statistics of a pool are small beside it."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from cases import example, layer_of
from normlab.equation.pools import Axes

SHAPE = (8, 32, 12, 12)
SMALL = 1 / 8  # of the input: a few numbers for each place, channel or sample


def inputs(row):
    """x itself; where a power, or weights that differ by place, make another array of x's shape, that too."""
    return 1 if isinstance(row.pool, Axes) and row.m == 1 else 2


def kept(layer, x):
    """Bytes saved for backward, each storage once, over the bytes of x; parameters do not count."""
    storages, own = {}, {p.untyped_storage().data_ptr() for p in layer.parameters()}

    def pack(value):
        storage = value.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = storage
        return value

    with saved_tensors_hooks(pack, lambda value: value):
        y = layer(x.requires_grad_())
    assert y.grad_fn is not None
    return sum(storage.nbytes() for storage in storages.values()) / (x.numel() * x.element_size())


@pytest.mark.proves("memory")
def test_what_is_kept_for_backward(row):
    layer, x = layer_of(row, SHAPE, torch.float32), example(SHAPE, dtype=torch.float32)
    assert kept(layer, x) <= inputs(row) + SMALL


def test_torch_keeps_four_inputs_for_local_response():
    """The contrast: the count is able to find more than two."""
    layer = torch.nn.LocalResponseNorm(3, 0.6, 0.8, 1.5)
    assert kept(layer, example(SHAPE, dtype=torch.float32)) >= 3.5
