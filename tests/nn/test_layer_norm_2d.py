"""LayerNorm2d: torch's layer norm of the channels moved last, as torchvision and timm compute theirs."""

import pytest
import torch
import torch.nn.functional as F

from cases import assert_all_close, assert_close, example, run
from normlab import nn

SHAPE = (2, 4, 3, 5)


def oracle(x, layer):
    moved = F.layer_norm(x.movedim(1, -1), (x.shape[1],), layer.weight, layer.bias, layer.eps)
    return moved.movedim(-1, 1)


def made(**given):
    layer = nn.LayerNorm2d(4, dtype=torch.float64, **given)
    if layer.weight is not None:
        torch.nn.init.uniform_(layer.weight), torch.nn.init.uniform_(layer.bias)
    return layer


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
def test_values_gradients_and_layout(affine, order):
    layer, x = made(affine=affine), example(SHAPE).contiguous(memory_format=order)
    assert_close(layer(x), oracle(x, layer))
    assert layer(x).is_contiguous(memory_format=order)
    y, *grads = run(layer, x)
    x = x.requires_grad_()
    wanted = (x, *layer.parameters())
    slope = torch.linspace(-1.0, 2.0, y.numel(), dtype=y.dtype).view(y.shape)
    assert_all_close(grads, torch.autograd.grad(oracle(x, layer), wanted, slope))


def test_it_is_named_set_and_stored_as_theirs():
    layer = nn.LayerNorm2d(4)
    assert layer.eps == 1e-6
    assert {k: tuple(v.shape) for k, v in layer.state_dict().items()} == {
        "weight": (4,),
        "bias": (4,),
    }
    layer.load_state_dict(torch.nn.LayerNorm(4).state_dict())
    assert repr(layer) == "LayerNorm2d(4, eps=1e-06, affine=True)"


def test_padding_of_some_places_changes_nothing_of_the_others():
    layer, x = made(), example(SHAPE)
    mask = torch.ones(2, 3, 5, dtype=torch.bool)
    mask[:, :, 3:] = False
    y = layer(torch.where(mask.unsqueeze(1), x, torch.nan), mask)
    assert_close(y[..., :3], oracle(x, layer)[..., :3])
    assert bool((y[..., 3:] == 0).all())
