"""Section 4, second half: made by hand, and compared element by element with the layer."""

from collections.abc import Iterable, Iterator
from textwrap import fill

import numpy as np
import torch
from torch import Tensor

from normlab.equation.rounding import of_elements
from normlab.equation.variants import STD_PLUS_EPS
from normlab.lab.chapter import hand
from normlab.lab.chapter.catalogue import HAND_EQUAL, SLIP
from normlab.lab.chapter.drawings import points
from normlab.lab.chapter.setup import DRAWN, Setup, arrays, drawn
from normlab.lab.experiment import Verdict
from normlab.report.page import Block, Numbers, Printed, Prose

WIDTH = 72  # characters of the report's column that stay in sight


def hand_steps(setup: Setup) -> list[hand.Steps]:
    """All rows by hand, with the reader's settings, in stacks of batches."""
    return [_by_hand(setup, x) for x in setup.stacks(setup.x)]


def _by_hand(setup: Setup, x: Tensor) -> hand.Steps:
    return hand.forward(x, setup.row, setup.values, setup.weight.to(x), setup.bias.to(x))


def blocks(
    setup: Setup, steps: list[hand.Steps], y_hand: Tensor, y: Tensor, layer: str
) -> list[Block | None]:
    gaps = {_form(setup): (drawn(y_hand) - drawn(y))}
    found, why = [_equal(setup, steps, y)], None
    if setup.row.name == "batch":
        gaps["std + ε"], row = _slip(setup, steps)
        found.append(row)
        why = _why(row[-1] == "differs")
    picture = setup.record.figure(
        "by-hand",
        points.hand_beside_unnormalised,
        "The unnormalised data, the hand-made result beside it, and the distance of every element from "
        "the layer's (elements that agree to the last bit stand at the left edge).",
        "Two scatter plots, and histograms of the logarithm of the difference to the layer.",
        before=drawn(setup.x),
        hand=drawn(y_hand),
        names=setup.shown,
        gaps={form: np.abs(gap) for form, gap in gaps.items()},
    )
    return [
        Prose("**By hand.** The first point of the first batch, all its arithmetic written out:"),
        _written_out(setup, steps[0]),
        _arithmetic(setup, steps[0]),
        picture,
        Numbers(
            f"Element by element against `{layer}`",
            ("made by hand with", "dtype", "largest difference", "tolerance there", "outcome"),
            tuple(found),
        ),
        why,
    ]


def _written_out(setup: Setup, steps: hand.Steps) -> Printed | None:
    """The first feature of the first batch, every number of the sums in sight."""
    batch = setup.batches[0][:, 0]
    if setup.row.name != "batch" or len(batch) > 16:
        return None
    center, pool, y = (held[0, 0, 0].item() for held in (steps.center, steps.pool, steps.y))
    eps, weight, bias = setup.values["eps"], setup.weight[0].item(), setup.bias[0].item()
    count, apart = len(batch), steps.d[0, :, 0].tolist()
    lines = [
        f"mean = ({' + '.join(f'{x:.4g}' for x in batch.tolist())}) / {count} = {center:.6g}",
        f"var  = ({' + '.join(f'({d:.4g})²' for d in apart)}) / {count} = {pool:.6g}",
        f"y    = {weight:g} · ({batch[0]:.6g} − {center:.6g}) / √({pool:.6g} + {eps:g}) + {bias:g} = {y:.6g}",
    ]
    return Printed("\n".join(fill(line, WIDTH, subsequent_indent=" " * 8) for line in lines))


def _arithmetic(setup: Setup, steps: hand.Steps) -> Numbers:
    """The operands of one point, feature by feature."""
    operands = (steps.center, steps.d, steps.pool, steps.scale, steps.y)
    columns = (setup.x[0], *(held.expand_as(steps.y)[0, 0] for held in operands))
    rows = []
    for i, name in enumerate(setup.names[:8]):
        held = [column[i].item() for column in columns]
        rows.append((name, *(f"{value:.6g}" for value in held)))
    power = setup.row.number("n", setup.values)
    return Numbers(
        "Point 1: y = weight · d / scale + bias",
        ("feature", "x", "center", "d = x − center", f"pool of |d|^{power:g}", "scale", "y"),
        tuple(rows),
    )


def _form(setup: Setup) -> str:
    """How the divisor is made, in the words of the chapter where it has them."""
    return "√(var + ε)" if setup.row.center else "the row's formula"


def _equal(setup: Setup, steps: list[hand.Steps], y: Tensor) -> tuple:
    size = max(setup.weight.abs().max().item(), 1.0)
    pooled = setup.size if setup.row.uses_batch else setup.x.shape[1]
    parts = zip(steps, setup.stacks(setup.x), setup.stacks(y), strict=True)
    ratio, gap, limit = _worst(
        (mine.y - out, of_elements(x, mine.scale, out, pooled) * size) for mine, x, out in parts
    )
    setup.record.number("hand.difference", gap, "largest |by hand − layer| of an element")
    verdict = setup.record.claim(HAND_EQUAL, ratio)
    form = _form(setup)
    _say(setup, f"with {form}", gap, limit, verdict)
    dtype = str(setup.x.dtype).removeprefix("torch.")
    return (
        f"{form}, as the layer",
        dtype,
        f"{gap:.2g}",
        f"{limit:.2g}",
        "equal" if verdict.outcome == "holds" else "differs",
    )


def _slip(setup: Setup, steps: list[hand.Steps]) -> tuple[np.ndarray, tuple]:
    """std + ε against √(var + ε) in float64, where rounding cannot hide the difference."""
    shown: list[Tensor] = []
    ratio, gap, limit = _worst(_apart(setup, steps, shown))
    setup.record.number("std_plus_eps.difference", gap, "largest |(std + ε) form − layer|, float64")
    verdict = setup.record.claim(SLIP, ratio, detail="the reference chapter accepts it with atol=9")
    _say(setup, "with std + ε, the chapter's form", gap, limit, verdict)
    outcome = "equal" if verdict.outcome == "holds" else "differs"
    return arrays(torch.cat(shown)), (
        "std + ε, as the chapter",
        "float64",
        f"{gap:.2g}",
        f"{limit:.2g}",
        outcome,
    )


def _apart(
    setup: Setup, steps: list[hand.Steps], shown: list[Tensor]
) -> Iterator[tuple[Tensor, Tensor]]:
    """The gaps between the two forms, and what is allowed there; `shown` gets those of the rows drawn."""
    every, start = -(-len(setup.x) // DRAWN), 0
    for x, mine in zip(setup.stacks(setup.x), steps, strict=True):
        if x.dtype != torch.float64:
            x = x.double()
            mine = _by_hand(setup, x)
        held = mine.center, mine.d, mine.pool
        weight, bias = setup.weight.to(x), setup.bias.to(x)
        gap = hand.divided(*held, STD_PLUS_EPS, setup.values, weight, bias).y.sub_(mine.y)
        rows = gap.flatten(0, 1)
        shown.append(rows[-start % every :: every].clone())
        start += len(rows)
        yield gap, of_elements(x, mine.scale, mine.y, setup.size)


def _say(setup: Setup, form: str, gap: float, limit: float, verdict: Verdict) -> None:
    answer = verdict.outcome == "holds"
    setup.record.say(
        f"By hand {form} matches the layer? {answer} (largest difference {gap:.1e}, allowed {limit:.1e})"
    )


def _worst(parts: Iterable[tuple[Tensor, Tensor]]) -> tuple[float, float, float]:
    """Largest ratio to the tolerance; the largest gap, and what was allowed at that element.

    If another element is beyond its tolerance but this one is not, that other one's.
    parts: the gaps of some elements, and what is allowed there.
    """
    found = []  # (ratio, gap, allowed) of each part's largest ratio, and of its largest gap
    for gap, allowed in parts:
        size, allowed = gap.abs().flatten(), allowed.flatten()
        ratio = size / allowed
        for place in (int(ratio.argmax()), int(size.argmax())):
            found.append(tuple(held[place].item() for held in (ratio, size, allowed)))
    furthest, largest = max(found), max(found, key=lambda one: one[1])
    shown = furthest if largest[0] <= 1 < furthest[0] else largest
    return furthest[0], shown[1], shown[2]


def _why(differ: bool) -> Prose:
    apart = (
        "far more than rounding does. A comparison with `atol=9` passes anything, even all zeros; a "
        "tolerance worked out from the dtype and the pool's size tells the two apart."
        if differ
        else "on these data no more than rounding does, so that nothing can tell the two apart here."
    )
    return Prose(
        "Why two forms? With ε outside the root the divisor is $\\sqrt{var} + \\varepsilon$ instead of "
        "$\\sqrt{var + \\varepsilon} \\approx \\sqrt{var} + \\varepsilon/(2\\sqrt{var})$. Both save us "
        "from dividing by zero. Where the variance is large against ε they differ by about "
        "$\\varepsilon$ relative to the standard deviation, and elsewhere by more: " + apart
    )
