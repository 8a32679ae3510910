"""`layer(x, mask)`: the mask has the same place in every layer, and what is pooled instead has none."""

import inspect

import pytest
import torch

import normlab
from interface import LAYERS
from normlab import functional, nn
from normlab.errors import DtypeError

MASKLESS = (  # the first two take weights, the last is a fixed step that pools nothing
    "beyond.WeightStandardization()",
    "beyond.standardize_weights(torch.nn.Conv1d(2, 2, 3))",
    "measure(…).as_module()",
)
UNLISTED = ("beyond.standardize_weights", "measure")
MASKED = {title: make for title, make in LAYERS.items() if title not in MASKLESS}
X = torch.randn(4, 2, 2, 2, generator=torch.Generator().manual_seed(0))
MASK = torch.tensor([[True, True], [True, False]]).expand(4, 1, 2, 2)


def test_every_layer_that_is_offered_is_among_them():
    named = {title.partition("(")[0] for title in LAYERS}
    offered = {name for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    beyond = nn.beyond.__all__
    offered |= {f"beyond.{name}" for name in beyond if isinstance(getattr(nn.beyond, name), type)}
    assert offered == {name for name in named if name not in UNLISTED}


@pytest.mark.parametrize("title", MASKED)
def test_the_mask_is_the_second_argument(title):
    layer = MASKED[title]()
    parameters = list(inspect.signature(layer.forward).parameters.values())
    assert parameters[1].name == "mask"
    assert parameters[1].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters[2:])


@pytest.mark.parametrize("title", MASKED)
def test_a_mask_by_place_is_a_mask_by_name_and_hides_what_it_masks(title):
    x = X[:, :1] if title.startswith("V1Block") else X
    spoilt = torch.where(MASK, x, torch.nan).requires_grad_()
    first, second = (MASKED[title]().train() for _ in range(2))
    y = first(spoilt, MASK)
    assert torch.equal(y, second(spoilt, mask=MASK))
    assert not y.masked_select(~MASK).any()
    (slope,) = torch.autograd.grad(y.square().sum(), spoilt)
    assert not slope.masked_select(~MASK).any()
    assert bool(slope.isfinite().all())


CALLS = {
    "layer": lambda given: nn.DivisiveNorm(2)(X, pool_input=given),
    "function": lambda given: functional.divisive_norm(X, pool_input=given),
    "equation": lambda given: normlab.normalize(X, "divisive", pool_input=given),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    "given", [MASK.expand(X.shape), X.to(torch.complex64)], ids=["mask", "complex"]
)
def test_a_mask_given_as_what_is_pooled_is_refused(call, given):
    with pytest.raises(DtypeError, match=r"pool_input is torch\..*A mask is given as mask="):
        call(given)


def test_what_is_pooled_goes_by_its_name_alone():
    with pytest.raises(TypeError, match="positional"):
        functional.divisive_norm(X, X)  # pyright: ignore[reportCallIssue]
    with pytest.raises(DtypeError, match=r"mask is torch\.float32; it must be boolean"):
        nn.DivisiveNorm(2)(X, X)
