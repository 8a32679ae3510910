"""The equation in float64 against torch's own operators, and against slow loops where torch has none."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import loops
from cases import POOL_WEIGHT, assert_close, example
from normlab import normalize, table
from normlab.equation.variants import STD_PLUS_EPS, divisive, jarrett

LIMIT = 1e-12
SHAPES = {2: (4, 6), 3: (3, 6, 5), 4: (3, 6, 4, 5), 5: (2, 6, 3, 2, 4)}
IMAGES = {rank: shape for rank, shape in SHAPES.items() if rank > 2}
WEIGHT, BIAS = (example((6,), seed) for seed in (1, 2))
AFFINES = {"plain": {}, "weight": {"weight": WEIGHT}, "both": {"weight": WEIGHT, "bias": BIAS}}

by_rank = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
by_image = pytest.mark.parametrize("shape", IMAGES.values(), ids=IMAGES)
by_affine = pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
by_eps = pytest.mark.parametrize("eps", [1e-5, 1e-3, 0.5])


def agree(actual, expected):
    assert actual.dtype == expected.dtype == torch.float64
    assert (actual - expected).abs().max() <= LIMIT


@pytest.mark.proves("outside oracle", "batch")
@by_rank
@by_affine
@by_eps
def test_batch_in_training(shape, affine, eps):
    x = example(shape) * 3.0 + 1.0
    agree(
        normalize(x, "batch", eps=eps, **affine).y,
        F.batch_norm(x, None, None, **affine, training=True, eps=eps),
    )


@pytest.mark.proves("outside oracle", "batch")
@by_rank
@by_affine
@by_eps
def test_batch_in_evaluation(shape, affine, eps):
    x, mean, var = example(shape), example((6,), 3), example((6,), 4).square()
    out = normalize(x, "batch", statistics=(mean, var), eps=eps, **affine)
    agree(out.y, F.batch_norm(x, mean, var, **affine, eps=eps))
    assert torch.equal(out.center.flatten(), mean) and torch.equal(out.pool.flatten(), var)


@pytest.mark.proves("outside oracle")
@by_rank
@by_eps
@pytest.mark.parametrize("name", ["layer", "rms"])
def test_last_dimensions(name, shape, eps):
    x = example(shape) + 0.5
    for start in range(1, len(shape)):
        last = shape[start:]
        weight, bias = example(last, 1), example(last, 2)
        given = {"normalized_shape": last} if start > 1 else {}
        if name == "layer":
            expected = F.layer_norm(x, last, weight, bias, eps)
            actual = normalize(x, name, weight=weight, bias=bias, eps=eps, **given)
        else:
            expected = F.rms_norm(x, last, weight, eps)
            actual = normalize(x, name, weight=weight, eps=eps, **given)
        agree(actual.y, expected)


@by_rank
def test_rms_with_the_eps_of_its_dtype(shape):
    x = example(shape) * 1e-8  # so small that eps decides
    agree(normalize(x, "rms").y, F.rms_norm(x, shape[1:]))
    few = example(shape, dtype=torch.float32) * 1e-4
    assert_close(normalize(few, "rms").y, F.rms_norm(few, shape[1:]), dtype=torch.float32)


def test_a_size_alone_is_the_last_dimension():
    x = example((2, 3, 4))
    agree(normalize(x, "layer", normalized_shape=4).y, F.layer_norm(x, (4,)))
    agree(normalize(x[0, 0], "layer", normalized_shape=[4]).y, F.layer_norm(x[0, 0], (4,)))


@pytest.mark.proves("outside oracle", "instance")
@by_image
@by_affine
@by_eps
def test_instance(shape, affine, eps):
    x = example(shape)
    agree(
        normalize(x, "instance", eps=eps, **affine).y,
        F.instance_norm(x, **affine, eps=eps),
    )


@pytest.mark.proves("outside oracle", "group")
@by_rank
@by_affine
@by_eps
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group(shape, affine, eps, groups):
    x = example(shape)
    agree(
        normalize(x, "group", num_groups=groups, eps=eps, **affine).y,
        F.group_norm(x, groups, **affine, eps=eps),
    )


@pytest.mark.proves("outside oracle", "l2")
@by_rank
@pytest.mark.parametrize("eps", [1e-12, 0.1, 100.0])
def test_l2(shape, eps):
    x = example(shape)
    x[0] = 0.0
    expected = F.normalize(x.flatten(1), eps=eps).view(shape)
    agree(normalize(x, "l2", eps=eps).y, expected)


@pytest.mark.proves("outside oracle", "local_response")
@by_rank
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 12, 13])
@pytest.mark.parametrize(
    "constants",
    [{}, {"alpha": 0.7, "beta": 0.5, "k": 2.0}, {"alpha": 2.0, "beta": 1.0, "k": 0.1}],
    ids=["defaults", "half", "one"],
)
def test_local_response(shape, size, constants):
    x = example(shape)
    image = x if x.dim() > 2 else x.unsqueeze(-1)  # torch takes no (N, C) tables
    expected = F.local_response_norm(image, size, **constants).view(shape)
    agree(normalize(x, "local_response", size=size, **constants).y, expected)


@pytest.mark.proves("outside oracle", "divisive")
@by_rank
@pytest.mark.parametrize("power", [0.7, 1.0, 2.0, 2.5, 3.0])
@pytest.mark.parametrize("sigma", [0.3, [0.1, 0.2, 0.5, 1.0, 2.0, 4.0]], ids=["one", "each"])
def test_divisive(shape, power, sigma):
    x, e = example(shape), example((shape[0], 3, *shape[2:]), 1)
    each = np.broadcast_to(np.asarray(sigma, float), 6)
    settings = {"sigma": torch.as_tensor(sigma, dtype=torch.float64), "power": power}
    for pool in (None, e):
        out = normalize(x, "divisive", weight=WEIGHT, pool_input=pool, **settings)
        pool = None if pool is None else pool.numpy()
        expected = loops.divisive(x.numpy(), each, power, WEIGHT.numpy(), pool)
        agree(out.y, torch.from_numpy(expected))


@pytest.mark.proves("outside oracle")
@by_rank
@pytest.mark.parametrize(("name", "power"), [("gdn", 2), ("gdn1", 1)])
def test_gdn(shape, name, power):
    x = example((shape[0], 4, *shape[2:]))
    sigma = torch.tensor([0.2, 0.5, 1.0, 2.0], dtype=torch.float64)
    expected = loops.gdn(x.numpy(), sigma.numpy(), POOL_WEIGHT.numpy(), power)
    out = normalize(x, name, sigma=sigma, pool_weight=POOL_WEIGHT)
    agree(out.y, torch.from_numpy(expected))
    start = loops.gdn(x.numpy(), np.ones(4), 0.1 * np.eye(4), power)
    agree(normalize(x, name).y, torch.from_numpy(start))


WINDOWS = {
    "odd": {"size": 3, "width": 0.9, "window": "gaussian"},
    "even": {"size": 4, "width": 1.3, "window": "gaussian"},
    "box": {"size": 3, "width": None, "window": "box"},
    "even box": {"size": 2, "width": None, "window": "box"},
    "larger than the image": {"size": 11, "width": 2.0, "window": "gaussian"},
    "one pixel": {"size": 1, "width": 1.0, "window": "gaussian"},
    "default width": {"size": 5, "width": None, "window": "gaussian"},
}
by_window = pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
PLACES = {3: (2, 3, 7), 4: (2, 2, 5, 4), 5: (1, 2, 3, 2, 3)}
by_place = pytest.mark.parametrize("shape", PLACES.values(), ids=PLACES)


def explicit(window):
    width = window["size"] / 4 if window["width"] is None else window["width"]
    return window | {"width": width}


@pytest.mark.proves("outside oracle", "local_contrast")
@by_place
@by_window
def test_local_contrast(shape, window):
    x = example(shape) + 2.0
    expected, spread = loops.local_contrast(x.numpy(), 0.5, **explicit(window))
    out = normalize(x, "local_contrast", sigma=0.5, **window)
    agree(out.y, torch.from_numpy(expected))
    agree(out.pool.sqrt().expand(shape), torch.from_numpy(spread))


@by_place
@by_window
def test_local_contrast_as_published(shape, window):
    x = example(shape) + 2.0
    expected = loops.jarrett(x.numpy(), **explicit(window))
    agree(jarrett(x, **window).y, torch.from_numpy(expected))


def test_std_plus_eps():
    x = example((6, 3)) * 2.0 + 1.0
    expected = loops.std_plus_eps(x.numpy(), 0.1)
    agree(normalize(x, STD_PLUS_EPS, eps=0.1).y, torch.from_numpy(expected))
    assert (normalize(x, "batch", eps=0.1).y - torch.from_numpy(expected)).abs().max() > 1e-3


def test_learned_divisive_weights_are_gdn_squared_over_another_power():
    x = example((3, 4, 5))
    row = divisive(learned=True)
    out = normalize(x, row, sigma=0.5, power=2.0, pool_weight=POOL_WEIGHT)
    scale = normalize(x, "gdn", sigma=0.5, pool_weight=POOL_WEIGHT).scale
    agree(out.y, x * x.abs() / scale**2)


def test_every_row_is_held_against_an_oracle():
    tested = {"batch", "layer", "rms", "instance", "group", "l2", "local_response"}
    assert set(table) == tested | {"divisive", "gdn", "gdn1", "local_contrast"}
