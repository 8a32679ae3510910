"""Layers of single samples beside the table against what their papers say, computed without this package."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cases import assert_close, example
from normlab.nn import beyond

SHAPES = {3: (5, 4, 6), 4: (3, 4, 3, 5), 5: (2, 4, 2, 3, 4)}
by_rank = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
by_any_rank = pytest.mark.parametrize("shape", [(6, 4), *SHAPES.values()], ids=[2, *SHAPES])


def scrambled(layer, seed=0):
    """The layer in float64, its parameters and statistics positive and all different."""
    layer = layer.double()
    for value in layer.state_dict().values():
        if value.is_floating_point():
            seed += 10
            value.copy_(0.3 + 0.5 * example(value.shape, seed).abs())
    return layer


def arrays(layer, x):
    state = {name: value.numpy().copy() for name, value in layer.state_dict().items()}
    return x.detach().numpy().copy(), state


def maps(x):
    """Every sample and channel of a numpy array."""
    return itertools.product(range(x.shape[0]), range(x.shape[1]))


@by_rank
@pytest.mark.parametrize("learn_eps", [False, True])
def test_filter_response_norm_is_the_paper_in_a_loop(shape, learn_eps):
    layer = scrambled(beyond.FilterResponseNorm(4, learn_eps=learn_eps))
    x, state = arrays(layer, example(shape))
    expected = np.empty_like(x)
    for n, c in maps(x):
        nu2 = math.fsum(v * v for v in x[n, c].flat) / x[n, c].size
        eps = 1e-6 + (abs(state["raw_eps"][c]) if learn_eps else 0.0)
        y = state["weight"][c] * x[n, c] / math.sqrt(nu2 + eps) + state["bias"][c]
        expected[n, c] = np.maximum(y, state["tau"][c])
    assert (expected == state["tau"].reshape(-1, *[1] * (x.ndim - 2))).any()
    assert_close(layer(example(shape)), expected)


def test_a_learned_eps_starts_from_the_papers_and_decides_about_single_elements():
    layer = beyond.FilterResponseNorm(2, learn_eps=True)
    assert_close(layer.eps, torch.full((2,), 1.01e-4), dtype=torch.float32)
    y = beyond.FilterResponseNorm(1, threshold=False)(torch.tensor([[[-3.0]], [[5.0]]]))
    assert_close(y.flatten(), [-1.0, 1.0], dtype=torch.float32)


@by_rank
def test_global_response_norm_is_the_paper_in_a_loop(shape):
    layer = scrambled(beyond.GlobalResponseNorm(4))
    x, state = arrays(layer, example(shape))
    expected = np.empty_like(x)
    for n in range(shape[0]):
        sizes = [math.sqrt(math.fsum(v * v for v in x[n, c].flat)) for c in range(4)]
        for c in range(4):
            share = sizes[c] / (math.fsum(sizes) / 4 + 1e-6)
            expected[n, c] = x[n, c] + state["weight"][c] * x[n, c] * share + state["bias"][c]
    assert_close(layer(example(shape)), expected)


def test_global_response_norm_starts_as_identity():
    x = example(SHAPES[4], dtype=torch.float32)
    assert torch.equal(beyond.GlobalResponseNorm(4)(x), x)


@by_any_rank
def test_positional_norm_is_a_layer_norm_of_the_channels_moved_last(shape):
    layer = scrambled(beyond.PositionalNorm(4, return_moments=True))
    x = example(shape)
    y, mean, std = layer(x)
    expected = F.layer_norm(x.movedim(1, -1), (4,), layer.weight, layer.bias, layer.eps)
    assert_close(y, expected.movedim(-1, 1))
    layer.return_moments = False
    assert_close(layer(x), y)
    assert_close(mean, x.mean(1, keepdim=True))
    assert_close(std, (x.var(1, correction=0, keepdim=True) + 1e-5).sqrt())


def test_the_moment_shortcut_undoes_a_positional_norm():
    x = example(SHAPES[4])
    layer = beyond.PositionalNorm(4, affine=False, return_moments=True)
    assert_close(beyond.moment_shortcut(*layer(x)), x)


@pytest.mark.parametrize("size", [5, (3, 5)])
def test_scale_norm_is_the_paper_in_a_loop(size):
    layer, x = beyond.ScaleNorm(size, dtype=torch.float64), example(SHAPES[4])
    count = math.prod(layer.normalized_shape)
    rows = x.reshape(-1, count).numpy()
    assert layer.weight.item() == math.sqrt(count)
    layer.weight.data.fill_(1.7)
    expected = [[1.7 * v / math.sqrt(math.fsum(row * row)) for v in row] for row in rows]
    assert_close(layer(x).reshape(-1, count), expected)


def test_scale_norm_clamps_short_vectors():
    layer = beyond.ScaleNorm(2, eps=0.5, dtype=torch.float64)
    x = torch.tensor([[0.03, 0.04], [0.0, 0.0]], dtype=torch.float64)
    assert_close(layer(x), math.sqrt(2) * x / 0.5)


@by_any_rank
def test_dynamic_tanh_element_by_element(shape):
    layer = scrambled(beyond.DynamicTanh(4))
    x, state = arrays(layer, example(shape))
    expected = np.empty_like(x)
    for n, c in maps(x):
        squashed = np.vectorize(lambda v: math.tanh(state["alpha"][0] * v))(x[n, c])
        expected[n, c] = state["weight"][c] * squashed + state["bias"][c]
    assert_close(layer(example(shape)), expected)
    last = beyond.DynamicTanh(4, channels_last=True).double()
    last.load_state_dict(layer.state_dict())
    assert_close(last(example(shape).movedim(1, -1)).movedim(-1, 1), expected)


@pytest.mark.parametrize(
    "make", [beyond.ScaleNorm, partial(beyond.DynamicTanh, channels_last=True)]
)
def test_a_mask_of_whole_tokens(make):
    layer, x = make(3, dtype=torch.float64), example((2, 3, 3))
    valid = torch.tensor([[True, True, False], [True, False, False]])
    expected = torch.where(valid.unsqueeze(2), layer(x), 0.0)
    assert_close(layer(torch.where(valid.unsqueeze(2), x, torch.nan), mask=valid), expected)
