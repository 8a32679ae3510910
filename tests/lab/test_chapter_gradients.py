"""The way back by hand: equal to autograd's and to finite differences, for every row."""

import pytest
import torch

from normlab import table
from normlab.lab.chapter import backward, hand, layers
from normlab.lab.chapter.catalogue import BACKWARD_EQUAL
from normlab.lab.chapter.settings import Settings
from normlab.lab.chapter.setup import prepare
from normlab.lab.experiment import Record

ROWS = [row for row in table.values() if not row.needs_space]
by_row = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
FEATURES = 3
EYE = torch.eye(8, dtype=torch.float64)
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
    expected = -1.5 / (var + 1e-5).sqrt() * (EYE[:rows, :rows] - 1 / rows - unit.outer(unit) / rows)
    found = hand.jacobian(example(rows), table["batch"], {"eps": 1e-5}, WEIGHT, 1)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_where_l2_is_clamped_its_gradient_is_that_of_a_constant():
    batch = torch.full((1, 3), 1e-14, dtype=torch.float64)
    found = hand.jacobian(batch, table["l2"], {"eps": 1e-12}, WEIGHT, 0)
    torch.testing.assert_close(found, torch.diag(WEIGHT) * 1e12)


@by_row
def test_the_claim_fails_for_one_part_in_a_million_millions(row):
    """A few roundings pass, and what is 10⁻¹² of the largest term does not."""
    setup = prepare(Settings(norm=row.name, samples=16, mean=(1, 2, 0), std=(1, 2, 3)), Record())
    batch = setup.batches[0].double()
    found = hand.jacobian(batch, row, setup.values, setup.weight, 0)
    unit = backward.rounding(setup, batch)
    assert BACKWARD_EQUAL.judge(2.2e-16 * found.abs().max() / unit).outcome == "holds"
    assert BACKWARD_EQUAL.judge(1e-12 * found.abs().max() / unit).outcome == "does not hold"
