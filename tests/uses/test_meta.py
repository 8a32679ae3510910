"""On the meta device, and made there: to_empty and reset_parameters give a layer as new."""

import copy

import pytest
import torch
from configurations import CONFIGURATIONS, SHAPE, by_layer, layer_of

from cases import by_mode, example
from normlab import nn


@pytest.mark.works("meta")
@by_layer
@by_mode
def test_shapes_on_the_meta_device(layer, training):
    ours = layer_of(layer).train(training)
    expected = ours(example(SHAPE))
    y = ours.to("meta")(example(SHAPE).to("meta").requires_grad_())
    assert y.is_meta and y.shape == expected.shape and y.dtype == expected.dtype
    y.sum().backward()


@pytest.mark.works("meta")
@by_layer
def test_made_on_the_meta_device(layer):
    with torch.device("meta"):
        ours = CONFIGURATIONS[layer]()
    held = [*ours.parameters(), *ours.buffers()]
    assert all(value.is_meta for value in held)
    filled(ours.to_empty(device="cpu"))
    new = CONFIGURATIONS[layer]()
    same(ours, new)
    assert torch.equal(ours(example(SHAPE).float()), new(example(SHAPE).float()))


@pytest.mark.works("reset_parameters")
@by_layer
def test_reset_parameters(layer):
    """Whatever happened to them meanwhile; of a copy too."""
    ours, new = layer_of(layer, torch.float32), CONFIGURATIONS[layer]()
    filled(ours)
    same(ours, new)
    same(filled(copy.deepcopy(ours)), new)


def filled(layer):
    """What to_empty leaves is arbitrary; each module is reset by itself, as FSDP does."""
    with torch.no_grad():
        for value in (*layer.parameters(), *layer.buffers()):
            value.fill_(-7)
    for part in layer.modules():
        if any(True for _ in (*part.parameters(False), *part.buffers(False))):
            part.reset_parameters()
    return layer


def same(layer, new):
    assert [*layer.state_dict()] == [*new.state_dict()]
    for name, value in new.state_dict().items():
        assert torch.equal(layer.state_dict()[name], value), name


@by_layer
def test_no_parameter_is_without_dimension(layer):
    """FSDP2 refuses those."""
    assert all(value.dim() for value in CONFIGURATIONS[layer]().parameters())


SINGLE = {
    "raw_sigma": lambda: nn.LocalContrastNorm(4, size=3),
    "raw_power": lambda: nn.DivisiveNorm(4, learn_power=True),
    "weight": lambda: nn.beyond.ScaleNorm(4),
}


@pytest.mark.parametrize("name", SINGLE)
def test_files_with_a_number_without_dimension_load(name):
    """As parameters of a single number were kept before 0.1.0 of this package."""
    layer = SINGLE[name]()
    old = layer.state_dict() | {name: torch.tensor(2.5)}
    model = torch.nn.Sequential(layer)
    model.load_state_dict({f"0.{key}": value for key, value in old.items()})
    assert getattr(layer, name).tolist() == [2.5]
    assert old[name].dim() == 0


def test_a_single_sigma_of_divisive_norm():
    layer = nn.DivisiveNorm(4, shared_sigma=True)
    assert layer.raw_sigma.shape == (1,) and layer.sigma.dim() == 0
    layer.load_state_dict(layer.state_dict() | {"raw_sigma": torch.tensor(3.0)})
    assert layer.sigma.item() == 3.0


def test_first_weights_that_were_given_come_back():
    given = torch.rand(4, 4)
    layer = nn.DivisiveNorm(4, sigma=[1.0, 2.0, 3.0, 4.0], pool_weight=given)
    expected = given.clone()
    given.zero_()
    filled(layer)
    assert torch.equal(layer.raw_pool_weight, expected)
    assert layer.raw_sigma.tolist() == [1.0, 2.0, 3.0, 4.0]
