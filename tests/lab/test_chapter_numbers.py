"""The chapter's numbers: what it prints, against torch, loops and arithmetic done here."""

import math

import numpy as np
import pytest
import torch

from normlab import lab, table
from normlab.equation.rounding import of_elements
from normlab.lab.chapter import brain, hand, layers, response, what
from normlab.lab.chapter.parts import moments
from normlab.lab.chapter.settings import Settings
from normlab.lab.chapter.setup import prepare
from normlab.lab.experiment import Record

ROWS = [row for row in table.values() if not row.needs_space]
by_row = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
SIZE, EPS = 8, 1e-5


def near(value, tolerance=1e-12):
    return pytest.approx(value, rel=tolerance, abs=tolerance)


@pytest.fixture(scope="module")
def points():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(128, 2, generator=generator) * torch.tensor([4.0, 1.0]) + torch.tensor(
        [10.0, -5.0]
    )


@pytest.fixture(scope="module")
def ran():
    said = []
    return lab.run("chapter", say=said.append), said


def test_the_lines_that_the_chapter_prints(ran):
    _, said = ran
    assert said[:3] == [
        "Original data shape: torch.Size([128, 2])",
        "Feature means before normalization: tensor([10.1462, -4.9851])",
        "Feature stds before normalization: tensor([3.5737, 0.9892])",
    ]
    assert said[4] == "Feature stds after normalisation: tensor([1.0039, 1.0039])"
    assert said[6] == "Feature stds after manual BN: tensor([1.0039, 1.0039])"
    assert said[7].startswith("By hand with √(var + ε) matches the layer? True ")
    assert said[8].startswith("By hand with std + ε, the chapter's form matches the layer? False ")
    assert len(said) == 9


def independent(points):
    """What numbers.json should hold, from torch alone."""
    layer = torch.nn.BatchNorm1d(2)
    y = torch.cat([layer(batch) for batch in points.split(SIZE)]).detach()
    batches = points.view(16, SIZE, 2)
    center, var = batches.mean(1, keepdim=True), batches.var(1, correction=0, keepdim=True)
    by_hand = ((batches - center) / (var + EPS).sqrt()).view(128, 2)
    d, v = batches.double() - batches.double().mean(1, keepdim=True), batches.double()
    v = v.var(1, correction=0, keepdim=True)
    slip = (d / (v.sqrt() + EPS) - d / (v + EPS).sqrt()).abs().max()
    expected = {"std_plus_eps.difference": slip, "after.std.factor": (128 / 127) ** 0.5}
    for key, x in (("before", points), ("after", y), ("hand", by_hand)):
        for i, name in enumerate(("Feature 1", "Feature 2")):
            expected |= {f"{key}.mean.{name}": x.mean(0)[i], f"{key}.std.{name}": x.std(0)[i]}
    for i, name in enumerate(("Feature 1", "Feature 2")):
        expected[f"batches.before.mean.spread.{name}"] = center.std(0, correction=0)[0, i]
        expected[f"batches.before.var.spread.{name}"] = var.std(0, correction=0)[0, i]
    for _ in range(3):
        for batch in points.split(SIZE):
            layer(batch)
    for i, name in enumerate(("Feature 1", "Feature 2")):
        expected[f"running.mean.{name}"] = layer.running_mean[i]
        expected[f"running.var.{name}"] = layer.running_var[i]
    return expected


def test_numbers_are_torchs_at_full_precision(ran, points):
    numbers, expected = ran[0].numbers, independent(points)
    for key, value in expected.items():
        assert numbers[key] == near(float(value), 5e-7 if "spread" in key else 2e-7), key
    for key in ("before.mean.Feature 1", "before.std.Feature 2", "after.std.Feature 1"):
        assert numbers[key] == float(expected[key]), key  # to the last bit
    assert abs(numbers["after.mean.Feature 1"]) < 1e-6
    assert numbers["after.std.Feature 1"] == near(1.0039, 5e-5)
    assert 0 < numbers["hand.difference"] < 5e-6
    assert 5e-6 < numbers["std_plus_eps.difference"] < 5e-5


def test_every_claim_but_the_slip_holds(ran):
    outcomes = {verdict.claim.name: verdict.outcome for verdict in ran[0].verdicts}
    assert outcomes.pop("std_plus_eps.equal") == "does not hold"
    assert set(outcomes.values()) == {"holds"}
    assert set(outcomes) >= {"hand.equal", "backward.equal", "after.bessel", "inputs.easier"}


def test_every_number_has_a_meaning(ran):
    meanings = ran[0].record.meanings
    named = {key for key in ran[0].numbers if key in meanings}
    starred = tuple(key.removesuffix("*") for key in meanings if key.endswith(".*"))
    assert all(key.startswith(starred) for key in set(ran[0].numbers) - named)


def test_batch_norm_by_hand_worked_out():
    """1, 3 and 2, 10: centres 2 and 6, variances 1 and 16."""
    batch = torch.tensor([[1.0, 2.0], [3.0, 10.0]]).double()
    weight, bias = torch.tensor([2.0, 0.5]).double(), torch.tensor([1.0, -1.0]).double()
    steps = hand.forward(batch, table["batch"], {"eps": 0.0}, weight, bias)
    assert steps.center.expand(2, 2).tolist() == [[2.0, 6.0], [2.0, 6.0]]
    assert steps.d.tolist() == [[-1.0, -4.0], [1.0, 4.0]]
    assert steps.pool.expand(2, 2).tolist() == [[1.0, 16.0], [1.0, 16.0]]
    assert steps.scale.expand(2, 2).tolist() == [[1.0, 4.0], [1.0, 4.0]]
    assert steps.y.tolist() == [[-1.0, -1.5], [3.0, -0.5]]


def with_intercept(x):
    return np.c_[x, np.ones(len(x))] / math.sqrt(len(x))


def test_condition_numbers_are_numpys(ran, points):
    x = points.double().numpy()
    unit = (x - x.mean(0)) / x.std(0)
    for name, data in (("raw", x), ("standardised", unit)):
        expected = np.linalg.cond(with_intercept(data)) ** 2
        assert ran[0].numbers[f"inputs.condition.{name}"] == near(expected, 1e-9)
    assert ran[0].numbers["inputs.condition.raw"] > 100
    assert ran[0].numbers["inputs.condition.standardised"] < 2


def descend(x, steps):
    """Gradient descent on a mean-square regression, averaged over a start along each direction."""
    design = torch.tensor(with_intercept(x))
    hessian = design.T @ design
    values, vectors = torch.linalg.eigh(hessian)
    rate, losses = 1 / values[-1], []
    for value, vector in zip(values, vectors.T, strict=True):
        error, path = vector / value.sqrt(), []
        for _ in range(steps + 1):
            path.append((error @ hessian @ error).item())
            error = error - rate * (hessian @ error)
        losses.append(path)
    return torch.tensor(losses, dtype=torch.float64).mean(0)


SMALL = np.random.default_rng(1).normal(size=(20, 2)) * [2.0, 1.0] + [1.0, 0.5]


def test_the_closed_form_is_the_loop():
    loop, values = descend(SMALL, 300), what.curvatures(torch.tensor(SMALL))
    steps = torch.arange(1, 301).double()
    torch.testing.assert_close(what.excess_loss(values, steps), loop[1:], rtol=1e-9, atol=1e-13)
    for target in (0.5, 1e-2, 1e-3):
        assert what.steps_to(values, target) == int((loop <= target).int().argmax())


@pytest.mark.parametrize(
    ("values", "steps"),
    [([1.0], 1), ([1.0, 1.0, 1.0], 1), ([1.0, 0.0], math.inf), ([1.0, 1e-18], None)],
)
def test_steps_at_the_ends(values, steps):
    found = what.steps_to(torch.tensor(values).double(), 1e-3)
    expected = math.log(500) / 2e-18 if steps is None else steps  # ½ exp(−2t·10⁻¹⁸) = 10⁻³
    assert found == (expected if math.isinf(expected) else near(expected, 1e-6))


def test_flat_directions_are_left_out():
    x = torch.randn(30, 2, generator=torch.Generator().manual_seed(0)).double()
    twice, constant = torch.cat([x, x[:, :1]], 1), torch.cat([x, torch.full((30, 1), 0.1)], 1)
    assert len(what.curvatures(twice)) == len(what.curvatures(x)) == 3
    torch.testing.assert_close(what.curvatures(constant), what.curvatures(x))
    assert what.standardise(constant)[:, 2].tolist() == [0.0] * 30
    assert len(what.curvatures(torch.full((5, 2), 0.1).double())) == 1


def test_a_neuron_reaches_half_at_sigma():
    for sigma, power in ((19.3, 2.9), (5.0, 1.0), (50.0, 6.0)):
        at = brain.response(torch.tensor([0.0, sigma, 1e9]).double(), sigma, power)
        assert at.tolist() == near([0.0, brain.RMAX / 2, brain.RMAX], 1e-7)


def test_the_alpha_trap_by_hand(ran):
    """One of 400 among 20s: a neighbour's window of five holds 400² + 4·20² = 161 600."""
    pool = response.LOUD**2 + 4 * response.QUIET**2
    assert pool == 161_600
    numbers = ran[0].numbers
    assert numbers["response.beside"] == near((2 / (2 + 1e-4 * pool)) ** 0.75)
    assert numbers["response.beside.trap"] == near((2 / (2 + 1e-4 * pool / 5)) ** 0.75)
    assert numbers["response.beside"] < 0.25 < numbers["response.beside.trap"]


@by_row
def test_tolerance_lets_the_layer_pass_and_a_slip_fail(row, points):
    """One element off by 10⁻⁵ is caught in float32, and so is std + ε in float64."""
    values = row.resolve({})
    values |= {"eps": EPS} if values.get("eps", 1) is None else {}
    weight, bias = torch.ones(2), torch.zeros(2)
    layer, batch = layers.layer_of(row, weight, bias, values), points[:SIZE]
    y = layers.apply(layer, batch, weight, bias).detach()
    steps = hand.forward(batch, row, values, weight, bias)
    allowed = of_elements(batch, steps.scale.expand_as(batch), y, SIZE)
    assert bool(((steps.y - y).abs() <= allowed).all())
    off = 1e-5 * y.abs().max() * torch.ones(())
    assert bool(((steps.y + off - y).abs() > allowed).any())


@pytest.mark.parametrize("name", ["batch", "divisive"])
def test_settings_are_those_of_the_row(name):
    assert Settings(norm=name).row is table[name]


@pytest.mark.parametrize("size", [3, 8, 50])
def test_batches_side_by_side_are_torchs_one_after_the_other(size):
    x = torch.randn(5003, 3, generator=torch.Generator().manual_seed(0)) * 4 + 10
    weight, bias = [2.0, -1.0, 0.5], [0.0, 1.0, -3.0]
    given = Settings.of(data=x, weight=weight, bias=bias, batch_size=size)
    layer = torch.nn.BatchNorm1d(3, track_running_stats=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))
        expected = torch.cat([layer(batch) for batch in x.split(size)])
    scale = torch.cat([b.std(0, correction=0).expand(b.shape) for b in x.split(size)])
    gap = (layers.outputs(prepare(given, Record())) - expected).abs() / max(map(abs, weight))
    assert (gap <= of_elements(x, scale, expected, size)).all()


def test_columns_are_summed_in_parts():
    x = torch.randn(2500, 2, generator=torch.Generator().manual_seed(0)) + 1000
    found = moments(torch.cat([x, torch.full((2500, 1), 0.1)], 1))
    torch.testing.assert_close(found.std()[:2], x.double().std(0), rtol=1e-12, atol=0.0)
    assert found.std()[2] == 0.0
