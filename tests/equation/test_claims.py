"""What a row derives from its columns, measured on random input."""

import pytest
import torch

from cases import SHAPE, affine, assert_close, exact, example, over_x, settings_of, without_sigma
from normlab import normalize, table
from normlab.equation.cells import pool_weights
from normlab.equation.pools import is_mean
from normlab.equation.variants import STD_PLUS_EPS, jarrett
from normlab.errors import ShapeError

RANKS = {"3d": SHAPE, "4d": (2, 4, 3, 5), "5d": (2, 4, 2, 3, 2)}
CHANGED = 1e-3  # far above rounding, far below any real dependence on standard normal data


def test_shift_invariance_is_as_derived(row):
    x = example()
    before, after = (normalize(v, row, **settings_of(row)).y for v in (x, x + 3.0))
    if row.shift_invariant:
        assert_close(after, before)
    else:
        assert (after - before).abs().max() > CHANGED


@pytest.mark.parametrize("scale", [0.5, 3.0, 64.0])
def test_degree_is_as_derived_when_sigma_vanishes(row, scale):
    x, settings = example(), without_sigma(row)
    before, after = (normalize(v, row, **settings).y for v in (x, scale * x))
    assert_close(after, before * scale ** row.degree(**settings))


@pytest.mark.parametrize(
    ("name", "settings", "degree"),
    [
        ("local_response", {}, -0.5),
        ("local_response", {"beta": 0.5}, 0.0),
        ("local_response", {"beta": 1.0}, -1.0),
        ("divisive", {"power": 3.0}, 0.0),
        ("gdn", {}, 0.0),
        ("gdn1", {}, 0.0),
    ],
)
def test_degree_is_m_minus_n_p(name, settings, degree):
    assert table[name].degree(**settings) == degree


def test_sigma_breaks_scale_invariance(row):
    x, settings = example(), settings_of(row, **{row.sigma.setting: 2.0})
    before, after = (normalize(v, row, **settings).y for v in (x, 3.0 * x))
    if row.sigma.placement != "clamp":  # a clamp does nothing once the pool is larger
        assert (after - before * 3.0 ** row.degree()).abs().max() > CHANGED


def test_batch_dependence_is_as_derived(row):
    x = example()
    other = torch.cat([x[:1], x[1:] * 2.0 + 1.0])
    before, after = (normalize(v, row, **settings_of(row)).y[0] for v in (x, other))
    assert ((after - before).abs().max() > CHANGED) == row.uses_batch
    assert row.uses_batch or torch.equal(before, after)


def test_space_is_needed_as_derived(row):
    x = example((3, 4))
    if not row.needs_space:
        assert normalize(x, row, **settings_of(row)).y.shape == x.shape
        return
    message = (
        f"{row.name}: x has shape (3, 4) and so no spatial axis to pool over; give (batch, "
        f"channels, *space)."
    )
    with pytest.raises(ShapeError, match=exact(message)):
        normalize(x, row)


@pytest.mark.parametrize("shape", RANKS.values(), ids=RANKS)
def test_the_operands_give_y(row, shape):
    x, settings, own = example(shape), settings_of(row), affine(row, shape)
    out = normalize(x, row, **own, **settings)
    for operand in (out.center, out.scale, out.pool):
        assert torch.broadcast_shapes(operand.shape, x.shape) == x.shape
    d = x - out.center
    weight, bias = (over_x(own[name], x, row) for name in ("weight", "bias"))
    power = row.number("m", row.resolve(settings))
    assert_close(out.y, weight * d.sign() * d.abs() ** power / out.scale + bias)
    assert out.row is row and bool((out.center == 0).all()) == (not row.center)


def test_scale_follows_from_pool_and_sigma(row):
    settings = row.resolve(settings_of(row))
    out = normalize(example(), row, **settings_of(row))
    n, p, sigma = (*(row.number(k, settings) for k in ("n", "p")), settings[row.sigma.setting])
    offset = sigma**n if row.sigma.raised else sigma
    inside, clamp = (offset + out.pool) ** p, (out.pool**p).clamp_min(sigma)
    assert_close(out.scale, {"inside": inside, "clamp": clamp}[row.sigma.placement])


def test_the_pool_is_the_pool_map_times_the_elements(row):
    x, settings = example(), settings_of(row)
    out = normalize(x, row, **settings)
    weights = pool_weights(row, SHAPE, **settings)
    powers = (x - out.center).abs() ** row.number("n", row.resolve(settings))
    assert_close(out.pool.expand(SHAPE).flatten(), weights @ powers.flatten())
    if is_mean(row.pool):
        assert_close(weights.sum(1), torch.ones(len(weights), dtype=weights.dtype))


def test_pool_input_takes_the_place_of_x_in_the_pool_alone(row):
    x, settings = example(), settings_of(row)
    e = 2.0 * example(seed=1)
    out, other = (normalize(v, row, pool_input=e, **settings) for v in (x, 3.0 * x))
    assert torch.equal(out.scale, other.scale)
    assert torch.equal(out.center, normalize(x, row, **settings).center)
    itself = normalize(x, row, pool_input=x - out.center, **settings)
    assert_close(itself.y, normalize(x, row, **settings).y)


def test_given_statistics_are_the_operands(row):
    x, settings = example(), settings_of(row)
    own = normalize(x, row, **settings)
    given = (own.center if row.center else None, own.pool)
    out = normalize(x, row, statistics=given, **settings)
    assert torch.equal(out.y, own.y) and torch.equal(out.pool, own.pool)
    vectors = torch.arange(4.0, dtype=x.dtype), torch.arange(1.0, 5.0, dtype=x.dtype)
    out = normalize(x, row, statistics=(vectors[0] if row.center else None, vectors[1]), **settings)
    assert out.pool.shape == (4, 1) and out.y.shape == x.shape


@pytest.mark.parametrize("constant", [0.0, 3.25])
def test_a_constant_becomes_the_bias_where_it_is_subtracted(row, constant):
    x = torch.full(SHAPE, constant, dtype=torch.float64)
    own = affine(row)
    out = normalize(x, row, **own, **settings_of(row))
    bias = over_x(own["bias"], x, row).expand(SHAPE)
    if constant == 0.0 or row.shift_invariant:
        assert torch.equal(out.y, bias) or (constant and (out.y - bias).abs().max() < 1e-12)
    else:
        assert (out.y - bias).abs().max() > CHANGED


def test_variants_make_the_claims_of_their_rows():
    x = example()
    assert_close(jarrett(x + 3.0, size=3).y, jarrett(x, size=3).y, pooled=1e4)
    assert_close(jarrett(4.0 * x, size=3).y, jarrett(x, size=3).y)
    out = normalize(x, STD_PLUS_EPS, eps=0.5)
    assert_close(out.scale, out.pool.sqrt() + 0.5)
