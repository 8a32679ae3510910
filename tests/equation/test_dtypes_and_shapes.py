"""Any floating dtype, any rank, no element at all; and in full words what is refused."""

import pytest
import torch

from cases import SHAPE, affine, assert_close, exact, example, settings_of, tolerance
from normlab import normalize
from normlab.equation.cells import pool_weights
from normlab.equation.variants import jarrett
from normlab.errors import DtypeError, SettingError, ShapeError

HALF = (torch.float16, torch.bfloat16)


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_half_types_are_computed_in_float32(row, dtype):
    x = example(dtype=torch.float32).to(dtype)
    own, settings = affine(row, dtype=dtype), settings_of(row)
    out = normalize(x, row, **own, **settings)
    wide = {name: value.float() for name, value in own.items()}
    full = normalize(x.float(), row, **wide, **settings)
    assert torch.equal(out.y, full.y.to(dtype))
    assert {out.center.dtype, out.scale.dtype, out.pool.dtype} == {torch.float32}


def test_float32_is_float64_within_rounding(row):
    x, settings = example(), settings_of(row)
    own = affine(row)
    narrow = {name: value.float() for name, value in own.items()}
    out = normalize(x.float(), row, **narrow, **settings)
    assert out.y.dtype == torch.float32
    assert_close(out.y, normalize(x, row, **own, **settings).y, dtype=torch.float32)


def test_settings_of_another_dtype_do_not_widen_y(row):
    value = torch.tensor(0.5, dtype=torch.float64)
    x = example(dtype=torch.float32)
    assert normalize(x, row, **{row.sigma.setting: value}).y.dtype == torch.float32


def test_a_small_spread_on_a_large_mean():
    """float32 at mean 1e4, std 0.1: one pass (mean of squares less squared mean) finds noise."""
    x = (1e4 + 0.1 * example((64, 3, 100))).float()
    exact_variance = x.double().var((0, 2), correction=0)
    one_pass = x.square().mean((0, 2)) - x.mean((0, 2)).square()
    assert ((one_pass - exact_variance) / exact_variance).abs().max() > 1
    variance = normalize(x, "batch").pool.flatten()
    assert ((variance - exact_variance) / exact_variance).abs().max() < 1e-3
    for name in ("layer", "instance", "group"):
        wide, narrow = (normalize(v, name).pool for v in (x.double(), x))
        assert ((narrow - wide) / wide).abs().max() < 1e-3


def test_any_rank(row):
    """Extra axes of space, folded out of one, change nothing where space is pooled as a whole."""
    x, settings = example((2, 4, 24)), settings_of(row)
    y = normalize(x, row, **settings).y
    for space in ((4, 6), (2, 3, 4), (2, 3, 2, 2), (2, 1, 3, 2, 2)):
        folded = normalize(x.view(2, 4, *space), row, **settings).y
        assert folded.shape == (2, 4, *space)
        if row.name != "local_contrast":
            assert_close(folded.view(2, 4, 24), y)


def test_a_table_is_an_image_of_one_pixel(row):
    x, settings = example((6, 4)), settings_of(row)
    if not row.needs_space:
        assert torch.equal(
            normalize(x, row, **settings).y, normalize(x.unsqueeze(2), row, **settings).y.squeeze(2)
        )


@pytest.mark.parametrize("shape", [(0, 4, 5), (2, 4, 0), (0, 4, 0)], ids=str)
def test_no_element_gives_no_element(row, shape):
    x = torch.empty(shape, requires_grad=True)
    y = normalize(x, row, **settings_of(row)).y
    assert y.shape == x.shape
    (grad,) = torch.autograd.grad(y.sum(), x)
    assert grad.shape == x.shape


@pytest.mark.parametrize("shape", [(0, 4, 5), (2, 4, 0)], ids=str)
def test_no_element_gives_no_element_as_published(shape):
    assert jarrett(torch.empty(shape), size=3).y.shape == shape


def test_layouts_agree(row):
    x, settings = example((2, 4, 3, 5)), settings_of(row)
    y = normalize(x, row, **settings).y
    strided = example((2, 4, 6, 5))
    strided[:, :, ::2] = x
    for same in (x.to(memory_format=torch.channels_last), strided[:, :, ::2]):
        assert_close(normalize(same, row, **settings).y, y)


def test_x_is_left_as_it_was(row):
    x = example()
    normalize(x, row, mask=torch.zeros(2, 5, dtype=torch.bool), **settings_of(row))
    assert torch.equal(x, example())


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_nan_stays_within_reach_of_the_pool(row, bad):
    """Reach: the pool, and twice over where a mean of the same window was subtracted first."""
    x, settings = example((2, 4, 9)), settings_of(row)
    x[0, 1, 2] = bad
    y = normalize(x, row, **settings).y
    weights = pool_weights(row, (2, 4, 9), **settings) > 0
    reach = (weights.double() @ weights.double() > 0) if row.center else weights
    reached = reach[:, 9 * 1 + 2].view(2, 4, 9)
    reached[0, 1, 2] = True
    assert bool(y[~reached].isfinite().all())
    assert bool(y[0, 1, 2].isnan())
    if bad != torch.inf:
        assert bool(y[reached].isnan().all())


NOT_FLOATING = {
    "int64": (torch.arange(6).view(2, 3), "int64"),
    "bool": (torch.ones(2, 3, dtype=torch.bool), "bool"),
    "complex": (torch.ones(2, 3, dtype=torch.complex64), "complex64"),
    "float8": (torch.ones(2, 3).to(torch.float8_e4m3fn), "float8_e4m3fn"),
    "list": ([[1.0, 2.0]], "list"),
}


@pytest.mark.parametrize(("x", "given"), NOT_FLOATING.values(), ids=NOT_FLOATING)
def test_only_floating_tensors(row, x, given):
    kind = "tensor of at least 16 bits" if given.startswith("float8") else "tensor"
    example = "torch.as_tensor(x)" if given == "list" else "x.float()"
    message = f"{row.name}: x is {given}; give a floating-point {kind}, e.g. {example}."
    with pytest.raises(DtypeError, match=exact(message)):
        normalize(x, row)


POOL = "pool_input, pool_weight and width must leave one channel, or as many as x has."
MISFITS = {
    "a vector": (
        (3,),
        "batch",
        {},
        "batch: x has shape (3,); it must be (batch, channels, *space).",
    ),
    "groups": (
        SHAPE,
        "group",
        {"num_groups": 3},
        "num_groups=3 does not divide the 4 channels of x (shape (2, 4, 5)). Choose one of [1, 2, 4].",
    ),
    "last dimensions": (
        SHAPE,
        "layer",
        {"normalized_shape": (4, 6)},
        "normalized_shape=(4, 6) but x has shape (2, 4, 5); it must equal the last dimensions of x, "
        "here (4, 5).",
    ),
    "weight": (
        SHAPE,
        "batch",
        {"weight": torch.ones(3)},
        "batch: weight has shape (3,), which does not fit x (2, 4, 5); give one value per channel.",
    ),
    "bias over a shape": (
        SHAPE,
        "layer",
        {"bias": torch.ones(4)},
        "layer: bias has shape (4,), which does not fit x (2, 4, 5); give the shape normalised over.",
    ),
    "sigma": (
        SHAPE,
        "gdn",
        {"sigma": torch.ones(3)},
        "gdn: sigma has shape (3,), which does not fit x (2, 4, 5); give one value per channel.",
    ),
    "sigma for one channel": (
        (2, 1),
        "divisive",
        {"sigma": torch.ones(4)},
        "divisive: sigma has shape (4,), which does not fit x (2, 1); give one value per channel.",
    ),
    "pool_weight in": (
        SHAPE,
        "gdn",
        {"pool_weight": torch.ones(4, 3)},
        "pool_weight has shape (4, 3); it must be (channels out, 4), one column for each pooled "
        "channel.",
    ),
    "pool_weight out": (
        SHAPE,
        "gdn",
        {"pool_weight": torch.ones(3, 4)},
        f"gdn: the pool has shape (2, 3, 5), which does not fit x (2, 4, 5); {POOL}",
    ),
    "widths": (
        SHAPE,
        "local_contrast",
        {"width": [1.0, 2.0, 3.0]},
        f"local_contrast: the pool has shape (2, 3, 5), which does not fit x (2, 4, 5); {POOL}",
    ),
    "channels of pool_input": (
        SHAPE,
        "batch",
        {"pool_input": torch.ones(2, 3, 5)},
        f"batch: the pool has shape (1, 3, 1), which does not fit x (2, 4, 5); {POOL}",
    ),
    "space of pool_input": (
        SHAPE,
        "divisive",
        {"pool_input": torch.ones(2, 4, 6)},
        "pool_input has shape (2, 4, 6); it must agree with x (2, 4, 5) in all but the channels.",
    ),
    "mean": (
        SHAPE,
        "batch",
        {"statistics": (torch.ones(3), torch.ones(4))},
        "batch: mean has shape (3,), which does not fit x (2, 4, 5); give one value per channel.",
    ),
}


@pytest.mark.parametrize(("shape", "name", "given", "message"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_is_said(shape, name, given, message):
    with pytest.raises(ShapeError, match=exact(message)):
        normalize(torch.ones(shape), name, **given)


STATISTICS = {
    "no mean": (
        "batch",
        {"statistics": (None, torch.ones(4))},
        "batch: statistics=(None, var) given, but the row subtracts a mean. Give both.",
    ),
    "a mean": (
        "rms",
        {"statistics": (torch.ones(4), torch.ones(4))},
        "rms: statistics=(mean, var) given, but the row has no center. Give (None, pool).",
    ),
    "and a pool": (
        "rms",
        {"statistics": (None, torch.ones(4)), "pool_input": torch.ones(SHAPE)},
        "rms: statistics and pool_input both given; give one.",
    ),
}


@pytest.mark.parametrize(("name", "given", "message"), STATISTICS.values(), ids=STATISTICS)
def test_statistics_that_contradict_the_row(name, given, message):
    with pytest.raises(SettingError, match=exact(message)):
        normalize(torch.ones(SHAPE), name, **given)


def test_tolerances_can_fail():
    y = example()
    with pytest.raises(AssertionError):
        assert_close(y * (1 + 4 * tolerance(torch.float64, 64)), y)
