"""The way back by hand: equal to autograd's and to finite differences, for every row."""

import pytest
import torch

from normlab import lab, table
from normlab.lab.chapter import hand, layers

ROWS = [row for row in table.values() if not row.needs_space]
by_row = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
FEATURES = 3
WEIGHT = torch.tensor([0.5, -1.5, 2.0], dtype=torch.float64)
BIAS = torch.tensor([1.0, 0.0, -3.0], dtype=torch.float64)


def resolved(row):
    values = row.resolve({})
    return values | ({"eps": 1e-12} if values.get("eps", 1) is None else {})


def example(rows, zeros=False):
    x = torch.randn(rows, FEATURES, generator=torch.Generator().manual_seed(rows)).double() * 2 + 1
    if zeros:
        x[0, 0] = 0.0
    return x


def automatic(row, batch, feature):
    """The same matrix from the layer itself."""
    layer = layers.layer_of(row, WEIGHT, BIAS, resolved(row))
    full = torch.autograd.functional.jacobian(
        lambda x: layers.apply(layer, x, WEIGHT, BIAS), batch if row.uses_batch else batch[:1]
    )
    return full[:, feature, :, feature] if row.uses_batch else full[0, :, 0]


def relative(found, expected):
    return ((found - expected).abs().max() / expected.abs().max()).item()


@by_row
@pytest.mark.parametrize("feature", range(FEATURES))
@pytest.mark.parametrize("rows", [3, 8, 33])
def test_by_hand_is_autograds(row, rows, feature):
    batch = example(rows)
    found = hand.jacobian(batch, row, resolved(row), WEIGHT, feature)
    assert found.dtype == torch.float64
    assert relative(found, automatic(row, batch, feature)) <= 1e-10


@by_row
def test_by_hand_is_autograds_at_an_exact_zero(row):
    batch = example(5, zeros=True)
    found = hand.jacobian(batch, row, resolved(row), WEIGHT, 0)
    assert relative(found, automatic(row, batch, 0)) <= 1e-10


@by_row
@pytest.mark.parametrize("step", [1e-4])
def test_by_hand_is_a_central_difference(row, step):
    batch, values = example(6), resolved(row)
    found = hand.jacobian(batch, row, values, WEIGHT, 1)
    for k in range(len(found)):
        shift = torch.zeros_like(batch)
        shift[(k, 1) if row.uses_batch else (0, k)] = step
        up, down = (hand.forward(batch + s, row, values, WEIGHT, BIAS).y for s in (shift, -shift))
        slope = (up - down) / (2 * step)
        expected = slope[:, 1] if row.uses_batch else slope[0]
        torch.testing.assert_close(found[:, k], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("rows", [2, 3, 8])
def test_batch_norms_closed_form(rows):
    """γ/√(σ² + ε) · (δ − 1/n − x̂ᵢx̂ₖ/n), written out for one feature."""
    x = example(rows)[:, 1]
    var = ((x - x.mean()) ** 2).mean()
    unit = (x - x.mean()) / (var + 1e-5).sqrt()
    expected = -1.5 / (var + 1e-5).sqrt() * (torch.eye(rows) - 1 / rows - unit.outer(unit) / rows)
    found = hand.jacobian(example(rows), table["batch"], {"eps": 1e-5}, WEIGHT, 1)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_where_l2_is_clamped_its_gradient_is_that_of_a_constant():
    batch = torch.full((1, 3), 1e-14, dtype=torch.float64)
    found = hand.jacobian(batch, table["l2"], {"eps": 1e-12}, WEIGHT, 0)
    torch.testing.assert_close(found, torch.diag(WEIGHT) * 1e12)


@by_row
def test_the_chapters_claim_sees_a_wrong_gradient(row, monkeypatch):
    """With the pull on the mean or the pool left out, the claim does not hold."""
    right = hand.jacobian

    def wrong(*given):
        return torch.diag(right(*given).diagonal()) if row.name != "gdn1" else 2 * right(*given)

    assert outcome(row) == "holds"
    monkeypatch.setattr(hand, "jacobian", wrong)
    assert outcome(row) == "does not hold"


def outcome(row):
    result = lab.run("chapter", norm=row.name, samples=16, mean=(1, 2, 0), std=(1, 2, 3))
    return next(v.outcome for v in result.verdicts if v.claim.name == "backward.equal")
