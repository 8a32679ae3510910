"""The chapter's numbers, each against something that this package did not compute."""

import numpy as np
import pytest
import torch
from torch import nn

from normlab import lab, table
from normlab.equation.variants import STD_PLUS_EPS
from normlab.lab.chapter import brain, compare, hand, layers, response, what

FLAT = [row for row in table.values() if not row.needs_space]
NAMES = ("Feature 1", "Feature 2")


@pytest.fixture(scope="module")
def lines():
    return []


@pytest.fixture(scope="module")
def chapter(lines):
    return lab.run("chapter", say=lines.append)


@pytest.fixture(scope="module")
def points():
    """As the chapter draws them."""
    torch.manual_seed(0)
    return torch.randn(128, 2) * torch.tensor([4.0, 1.0]) + torch.tensor([10.0, -5.0])


@pytest.fixture(scope="module")
def normalised(points):
    layer = nn.BatchNorm1d(2, track_running_stats=False)
    return torch.cat([layer(points[i : i + 8]) for i in range(0, 128, 8)]).detach()


def test_printed_as_the_chapter_prints(chapter, lines):
    assert lines[:3] == [
        "Original data shape: torch.Size([128, 2])",
        "Feature means before normalization: tensor([10.1462, -4.9851])",
        "Feature stds before normalization: tensor([3.5737, 0.9892])",
    ]
    assert "Feature stds after normalisation: tensor([1.0039, 1.0039])" in lines
    assert any(line.startswith("By hand with √(var + ε) matches the layer? True") for line in lines)
    assert any(
        line.startswith("By hand with std + ε, the chapter's form matches the layer? False")
        for line in lines
    )


@pytest.mark.parametrize("feature", [0, 1])
def test_means_and_stds_at_full_precision(chapter, points, normalised, feature):
    numbers, name = chapter.numbers, NAMES[feature]
    assert numbers[f"before.mean.{name}"] == points.mean(0)[feature].item()
    assert numbers[f"before.std.{name}"] == points.std(0)[feature].item()
    assert numbers[f"after.std.{name}"] == normalised.std(0)[feature].item()
    assert abs(numbers[f"after.mean.{name}"]) < 1e-7
    assert numbers["after.std.factor"] == (128 / 127) ** 0.5
    assert round(numbers[f"after.std.{name}"], 4) == 1.0039


def test_every_verdict_is_as_expected(chapter):
    outcomes = {verdict.claim.name: verdict.outcome for verdict in chapter.verdicts}
    assert outcomes.pop("std_plus_eps.equal") == "does not hold"
    assert set(outcomes.values()) == {"holds"}


def test_std_plus_eps_differs_as_its_formula_says(chapter, points):
    x = points.double().reshape(16, 8, 2)
    d, var = x - x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)
    gap = (d / (var + 1e-5).sqrt() - d / (var.sqrt() + 1e-5)).abs().max().item()
    assert chapter.numbers["std_plus_eps.difference"] == pytest.approx(gap, rel=1e-9)
    assert 5e-6 < gap < 5e-5


@pytest.mark.parametrize(("shift", "passes"), [(0.0, True), (1e-5, False)])
def test_the_comparison_can_fail(points, normalised, shift, passes):
    """A layer that is off by 1e-5 is caught in float32, where the chapter's atol=9 passes anything."""
    batch, y = points[:8], normalised[:8]
    scale = (batch.var(0, correction=0) + 1e-5).sqrt()
    by_hand = (batch - batch.mean(0)) / scale
    allowed = compare.tolerance(batch, scale, y, 8)
    assert bool(((by_hand + shift - y).abs() <= allowed).all()) is passes


def test_condition_numbers(chapter, points):
    design = np.c_[points.double().numpy(), np.ones(128)]
    raw = np.linalg.cond(design) ** 2
    unit = points.double().numpy()
    unit = np.c_[(unit - unit.mean(0)) / unit.std(0), np.ones(128)]
    assert chapter.numbers["inputs.condition.raw"] == pytest.approx(raw, rel=1e-6)
    standard = np.linalg.cond(unit) ** 2
    assert chapter.numbers["inputs.condition.standardised"] == pytest.approx(standard, rel=1e-9)


def test_descent_in_closed_form_is_the_loop():
    """Gradient descent step by step on a small regression, averaged over the same starts."""
    torch.manual_seed(1)
    x = torch.randn(40, 2, dtype=torch.float64) * torch.tensor([3.0, 1.0]) + torch.tensor(
        [2.0, 0.0]
    )
    design = torch.cat([x, torch.ones(40, 1)], 1)
    hessian = design.T @ design / 40
    values, vectors = torch.linalg.eigh(hessian)
    errors = vectors * (1 / values).sqrt()  # one start along each direction, of equal loss
    losses = []
    for _ in range(300):
        losses.append((errors * (hessian @ errors)).sum().item())
        errors = errors - hessian @ errors / values[-1]
    closed = what.excess_loss(what.curvatures(x), torch.arange(300.0, dtype=torch.float64))
    assert np.allclose(np.array(losses) / losses[0], closed.numpy(), rtol=1e-9)
    first = next(i for i, loss in enumerate(losses) if loss <= what.TARGET * losses[0])
    assert what.steps_to(what.curvatures(x), what.TARGET) == first


@pytest.mark.parametrize("row", FLAT, ids=lambda row: row.name)
@pytest.mark.parametrize("shape", [(2, 2), (5, 3), (8, 6)], ids=str)
def test_forward_and_gradient_by_hand_are_the_layer(row, shape):
    torch.manual_seed(3)
    x = torch.randn(shape, dtype=torch.float64) * 2 + 1
    weight, bias = torch.rand(2, shape[1], dtype=torch.float64) + 0.5
    values = row.defaults | ({"eps": 1e-3} if "eps" in row.defaults else {})
    layer = layers.layer_of(row, weight, bias, values)
    y = layers.apply(layer, x, weight, bias)
    assert (hand.forward(x, row, values, weight, bias).y - y).abs().max() < 1e-12
    full = torch.autograd.functional.jacobian(lambda x: layers.apply(layer, x, weight, bias), x)
    mine = hand.jacobian(x, row, values, weight, 0)
    expected = full[:, 0, :, 0] if row.uses_batch else full[0, :, 0]
    assert (mine - expected).abs().max() < 1e-12


def test_gradient_by_hand_is_the_slope():
    """Central differences of the by-hand forward itself."""
    torch.manual_seed(4)
    x, one = torch.randn(6, 2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    values, step = table["batch"].defaults, 1e-6
    mine = hand.jacobian(x, table["batch"], values, one, 1)
    for k in range(6):
        high, low = x.clone(), x.clone()
        high[k, 1] += step
        low[k, 1] -= step
        ends = [hand.forward(a, table["batch"], values, one, 0 * one).y[:, 1] for a in (high, low)]
        assert ((ends[0] - ends[1]) / (2 * step) - mine[:, k]).abs().max() < 1e-8


def test_std_plus_eps_by_hand():
    x = torch.tensor([[1.0], [3.0]], dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)
    y = hand.forward(x, STD_PLUS_EPS, {"eps": 0.25}, one, 0 * one).y
    assert torch.allclose(y, torch.tensor([[-0.8], [0.8]], dtype=torch.float64))  # 1/(1 + 1/4)


def test_the_brain_reaches_half_at_sigma(chapter):
    assert chapter.numbers["brain.at_sigma"] == pytest.approx(115 / 2, rel=1e-12)
    c = torch.tensor([5.0, 19.3, 80.0], dtype=torch.float64)
    expected = 115 * c**2.9 / (19.3**2.9 + c**2.9)
    assert torch.allclose(brain.response(c, 19.3, 2.9), expected, rtol=1e-12)


def test_the_alpha_trap(chapter):
    """A neighbour of the strong channel: four channels at 20 and one at 400 in its window of five."""
    total = 4 * response.QUIET**2 + response.LOUD**2
    gains = [2**0.75 / (2 + alpha * total) ** 0.75 for alpha in (1e-4, 1e-4 / 5)]
    assert chapter.numbers["response.beside"] == pytest.approx(gains[0], rel=1e-12)
    assert chapter.numbers["response.beside.trap"] == pytest.approx(gains[1], rel=1e-12)


def test_running_statistics_are_torchs(chapter, points):
    layer = nn.BatchNorm1d(2)
    for _ in range(4):
        for batch in points.split(8):
            layer(batch)
    for i, name in enumerate(NAMES):
        assert chapter.numbers[f"running.mean.{name}"] == pytest.approx(
            layer.running_mean[i].item(), rel=1e-6
        )
        assert chapter.numbers[f"running.var.{name}"] == pytest.approx(
            layer.running_var[i].item(), rel=1e-6
        )
