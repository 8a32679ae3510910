"""Section 5: the way back: how one point's gradient depends on all that it is pooled with."""

import torch
from torch import Tensor

from normlab.equation.rounding import of_term
from normlab.lab.chapter import hand, layers
from normlab.lab.chapter.catalogue import BACKWARD_EQUAL
from normlab.lab.chapter.drawings import curves
from normlab.lab.chapter.setup import Setup, arrays
from normlab.report.page import Block, Formula, Numbers, Prose
from normlab.safe import markup

POINT, FEATURE, SHOWN = 0, 0, 32


def section(setup: Setup) -> None:
    record, row = setup.record, setup.row
    batch = setup.batches[0].double()
    matrix = hand.jacobian(batch, row, setup.values, setup.weight, FEATURE)
    shown = min(len(matrix), SHOWN)
    automatic = _autograd(setup, batch, shown)
    gap, unit = (matrix[:shown] - automatic).abs().max(), rounding(setup, batch)
    record.claim(BACKWARD_EQUAL, gap / unit)
    across = "its whole batch" if row.uses_batch else "all features of its sample"
    picture = record.figure(
        "backward",
        curves.way_back,
        f"Left: how the first output moves when each input it is pooled with moves: {across}. "
        f"Right: the same for every output.",
        "Bars of the gradient by hand with dots of autograd's on their tips; a heat map of the whole "
        "matrix with a strong diagonal.",
        by_hand=arrays(matrix[POINT, :shown]),
        autograd=arrays(automatic[POINT, :shown]),
        jacobian=arrays(matrix[:shown, :shown]),
        point=POINT,
        together=row.uses_batch,
    )
    total = record.number(
        "backward.row_sum",
        matrix[POINT].sum(),
        "sum of the gradients of one output over its inputs",
    )
    record.section(
        "The way back, by hand",
        Prose(
            "A point is normalised with the others of its pool, so its output depends on all of them, "
            "and so does its gradient."
            + (" For batch normalisation the chain rule gives:" if row.name == "batch" else "")
        ),
        *_closed_form(setup, batch, matrix),
        picture,
        Prose(
            f"By hand and by autograd the largest difference is {gap.item():.1e}, where one rounding of "
            f"the terms is {unit:.1e}. "
            + (
                f"The gradients of one output add up to {total:.1e}: moving all inputs together moves "
                f"nothing, for the mean follows."
                if row.center
                else f"The gradients of one output add up to {total:.3g}: no mean is subtracted, so moving "
                "all inputs together does move the output."
            )
        ),
    )


def _autograd(setup: Setup, batch: Tensor, shown: int) -> Tensor:
    """The first rows of the same matrix from the layer itself."""
    weight, bias = setup.weight.double(), setup.bias.double()
    layer = layers.layer_of(setup.row, weight, bias, setup.values)
    together = setup.row.uses_batch

    def outputs(x: Tensor) -> Tensor:
        y = layers.apply(layer, x, weight, bias)
        return y[:shown, FEATURE] if together else y[0, :shown]

    full = torch.autograd.functional.jacobian(outputs, batch if together else batch[:1])
    assert isinstance(full, Tensor)
    return full[:, :, FEATURE] if together else full[:, 0]


def rounding(setup: Setup, batch: Tensor) -> float:
    """One rounding of the largest term of the gradient.

    The terms may cancel to far less than each of them (two features of a layer normalisation do), and
    the center carries the rounding of x, however far from it x lies.
    """
    row, weight = setup.row, setup.weight.double()
    line = (slice(None), FEATURE) if row.uses_batch else (0, slice(None))
    steps = hand.forward(batch, row, setup.values, weight, 0 * weight)
    m, scale = row.number("m", setup.values), steps.scale.expand_as(batch)
    term = (weight * m * steps.d.abs() ** (m - 1) / scale)[line].abs().max().item()
    far = (batch.abs() / scale)[line].max().item() if row.center else 0.0
    pooled = len(batch) if row.uses_batch else batch.shape[1]
    return of_term(batch.dtype, pooled, term, far)


def _closed_form(setup: Setup, batch: Tensor, matrix: Tensor) -> list[Block]:
    if setup.row.name != "batch":
        return []
    return [
        Formula(
            r"\frac{\partial y_i}{\partial x_k} = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}} "
            r"\left( \delta_{ik} - \frac{1}{n} - \frac{\hat{x}_i \, \hat{x}_k}{n} \right)"
        ),
        Prose(
            "The three terms: the point itself, its pull on the mean, its pull on the variance. With the "
            f"numbers of {markup(setup.names[FEATURE])} in the first batch:"
        ),
        _terms(setup, batch, matrix),
    ]


def _terms(setup: Setup, batch: Tensor, matrix: Tensor) -> Numbers:
    plain = torch.ones_like(setup.weight).double()
    steps = hand.forward(batch, setup.row, setup.values, plain, 0 * plain)
    unit, n = steps.y[:, FEATURE], len(batch)
    factor = (setup.weight[FEATURE].double() / steps.scale[0, FEATURE]).item()
    rows = []
    for k in range(min(n, 8)):
        own, mean, var = float(k == POINT), -1 / n, -(unit[POINT] * unit[k] / n).item()
        given = (f"{own:g}", f"{mean:.4f}", f"{var:+z.4f}", f"{factor:.4f}")
        rows.append(
            (
                f"{k + 1}",
                *given,
                f"{factor * (own + mean + var):+z.6f}",
                f"{matrix[POINT, k]:+z.6f}",
            )
        )
    return Numbers(
        "The first output's gradient, term by term",
        ("input k", "δ", "−1/n", "−x̂₁x̂ₖ/n", "γ/√(σ²+ε)", "product", "by the general rule"),
        tuple(rows),
    )
