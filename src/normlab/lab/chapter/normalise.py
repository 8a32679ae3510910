"""Section 4: the chapter's own steps: data, the layer in batches, by hand, and a real comparison."""

from dataclasses import replace

import torch
from torch import Tensor

from normlab.equation import formula
from normlab.equation.row import Sigma
from normlab.lab.chapter import hand, layers
from normlab.lab.chapter.drawings import curves, points
from normlab.lab.chapter.setup import Setup, arrays, varies
from normlab.lab.experiment import Claim, Verdict
from normlab.report.page import Block, Formula, Note, Numbers, Picture, Printed, Prose
from normlab.report.style import AFTER, BEFORE

EQUAL = Claim(
    "hand.equal",
    "By hand, with ε inside the root, equals the layer: largest difference of an element in units of "
    "its rounding tolerance",
    1.0,
    "<=",
)
SLIP = Claim(
    "std_plus_eps.equal",
    "The chapter's form, std + ε, equals the layer: largest difference of an element in units of its "
    "rounding tolerance, in float64",
    1.0,
    "<=",
)
BESSEL = Claim(
    "after.bessel",
    "The standard deviation after is √(n/(n − 1)) times the layer's √(var/(var + ε)): largest "
    "relative difference",
    1e-4,
    "<=",
)


def section(setup: Setup) -> dict[str, Tensor]:
    record, row = setup.record, setup.row
    layer = layers.layer_of(row, setup.weight, setup.bias, setup.values)
    before = _describe(setup, setup.x, "before", "before normalization")
    y = torch.cat([_run(setup, layer, batch) for batch in setup.batches])
    after = _describe(setup, y, "after", "after normalisation")
    hands = [_by_hand(setup, batch) for batch in setup.batches]
    y_hand = torch.cat([steps.y for steps in hands])
    _describe(setup, y_hand, "hand", "after manual BN" if row.name == "batch" else "by hand")
    name = layers.name_of(row, layer)
    record.section(
        f"{row.title}, step by step",
        Prose(
            f"The data are {setup.table.name}: {len(setup.x)} rows of {setup.x.shape[1]} features. The "
            f"layer sees them in batches of {setup.settings.batch_size}, as a network would."
        ),
        Formula(formula.latex(row)),
        *_pictures(setup, "before", setup.x),
        Printed(before),
        Prose(f"Now the layer, `{name}`, on one batch after the other:"),
        *_pictures(setup, "after", y),
        Printed(after),
        *_bessel(setup, y),
        *_all_features(setup, y),
        _batch_statistics(setup, y),
        *_by_hand_part(setup, hands[0], y_hand, y, name),
    )
    return {"y": y}


def _run(setup: Setup, layer: torch.nn.Module, batch: Tensor) -> Tensor:
    with torch.no_grad():
        return layers.apply(layer, batch, setup.weight, setup.bias)


def _by_hand(setup: Setup, batch: Tensor) -> hand.Steps:
    return hand.forward(batch, setup.row, setup.values, setup.weight, setup.bias)


def _describe(setup: Setup, x: Tensor, key: str, when: str) -> str:
    """Print and record mean and standard deviation as the chapter does; returns what was printed."""
    names = setup.names
    mean, std = x.mean(0).cpu(), x.std(0).cpu()
    setup.record.vector(f"{key}.mean", names, mean, f"mean of each feature {when}")
    setup.record.vector(f"{key}.std", names, std, f"unbiased std of each feature {when}")
    lines = [f"Original data shape: {x.shape}"] if key == "before" else []
    lines += [f"Feature means {when}: {mean}", f"Feature stds {when}: {std}"]
    for line in lines:
        setup.record.say(line)
    return "\n".join(lines)


def _pictures(setup: Setup, stage: str, x: Tensor) -> list[Picture]:
    color = BEFORE if stage == "before" else AFTER
    titles = {"before": "Unnormalised data", "after": f"After {setup.row.title.lower()}"}
    many = x.shape[1] > 2
    caption = f"{titles[stage]}: the points, and each feature's histogram."
    alt = f"{titles[stage]}: a scatter plot and histograms of the features."
    kind = {"draw": points.pair_grid} if many else {"draw": points.scatter_and_histograms}
    extra = {} if many else {"title": titles[stage]}
    if many:
        caption = f"{titles[stage]}: the first {min(x.shape[1], points.PAIRS)} features in pairs."
    return [
        setup.record.figure(
            stage, kind["draw"], caption, alt, x=arrays(x), names=setup.names, color=color, **extra
        )
    ]


def _all_features(setup: Setup, y: Tensor) -> list[Block]:
    if y.shape[1] <= 2:
        return []
    shown = min(y.shape[1], points.HISTOGRAMS)
    left_out = f" (the first {shown} of {y.shape[1]})" if shown < y.shape[1] else ""
    return [
        setup.record.figure(
            "histograms",
            points.all_histograms,
            f"Every feature{left_out}: its histogram before (grey) and after (in colour).",
            "A grid of pairs of histograms, one pair for each feature.",
            before=arrays(setup.x),
            after=arrays(y),
            names=setup.names,
        )
    ]


def _bessel(setup: Setup, y: Tensor) -> list[Block]:
    """Why the std after is 1.0039 and not 1; true for whole batches, weight 1."""
    row, n, size = setup.row, len(setup.x), len(setup.batches[0])
    whole = row.name == "batch" and n % size == 0
    if not whole or not bool(varies(setup.x).all()):
        return []
    factor = (n / (n - 1)) ** 0.5
    batches = setup.x.double().reshape(-1, size, setup.x.shape[1])
    var = batches.var(1, correction=0)
    expected = (
        setup.weight.double().abs()
        * ((var / (var + setup.values["eps"])).mean(0) * n / (n - 1)).sqrt()
    )
    gap = (y.double().std(0) / expected - 1).abs().nan_to_num(0).max()
    setup.record.number("after.std.factor", factor, "√(n/(n − 1)): unbiased against biased std")
    if setup.settings.weight == (1.0,) and setup.settings.bias == (0.0,):
        setup.record.claim(BESSEL, gap)
    return [
        Note(
            f"Why {factor:.4f} and not 1? The layer divides by the biased variance, the mean of the "
            f"squares; `std` divides their sum by $n - 1$. So it prints $\\sqrt{{n/(n-1)}} = "
            f"\\sqrt{{{n}/{n - 1}}} = {factor:.4f}$. No batch is wrong: it is a matter of counting."
        )
    ]


def _batch_statistics(setup: Setup, y: Tensor) -> Picture:
    size = len(setup.batches[0])
    stages = [
        (
            torch.stack([b.mean(0) for b in part]),
            torch.stack([b.var(0, correction=0) for b in part]),
        )
        for part in (setup.batches, y.split(size))
    ]
    for key, (mean, var) in zip(("before", "after"), stages, strict=True):
        for what, values in (("mean", mean), ("var", var)):
            setup.record.vector(
                f"batches.{key}.{what}.spread", setup.names, values.std(0, correction=0).cpu(),
                f"spread over the batches of each batch's {what}, {key}",
            )  # fmt: skip
    return setup.record.figure(
        "batches",
        curves.batches,
        f"Mean and variance of each of the {len(setup.batches)} batches. Before, they wander with the "
        "few points that each batch holds; after, see for yourself.",
        "Four panels: mean and variance of every batch, before and after normalising.",
        means=[arrays(stage[0]) for stage in stages],
        variances=[arrays(stage[1]) for stage in stages],
        names=setup.names,
    )


def _by_hand_part(
    setup: Setup, steps: hand.Steps, y_hand: Tensor, y: Tensor, layer: str
) -> list[Block | None]:
    gaps = {"√(var + ε)" if setup.row.uses_batch else "by hand": arrays((y_hand - y).abs())}
    found = [_equal(setup, y_hand, y)]
    if setup.row.name == "batch":
        slip, row = _slip(setup)
        gaps["std + ε"] = arrays(slip)
        found.append(row)
    picture = setup.record.figure(
        "by-hand",
        points.hand_beside_unnormalised,
        "The unnormalised data, the hand-made result beside it, and the distance of every element from "
        "the layer's (elements that agree to the last bit stand at the left edge).",
        "Two scatter plots, and histograms of the logarithm of the difference to the layer.",
        before=arrays(setup.x),
        hand=arrays(y_hand),
        names=setup.names,
        gaps=gaps,
    )
    return [
        Prose("**By hand.** The first point of the first batch, all its arithmetic written out:"),
        _written_out(setup, steps),
        _arithmetic(setup, steps),
        picture,
        Numbers(
            f"Element by element against `{layer}`",
            ("made by hand with", "dtype", "largest difference", "tolerance there", "outcome"),
            tuple(found),
        ),
        *_why(setup),
    ]


def _written_out(setup: Setup, steps: hand.Steps) -> Printed | None:
    """The first feature of the first batch, every number of the sums in sight."""
    batch = setup.batches[0][:, 0]
    if setup.row.name != "batch" or len(batch) > 16:
        return None
    center, pool, y = (
        t.expand_as(steps.y)[0, 0].item() for t in (steps.center, steps.pool, steps.y)
    )
    eps, weight, bias = setup.values["eps"], setup.weight[0].item(), setup.bias[0].item()
    count = len(batch)
    lines = [
        f"mean = ({' + '.join(f'{x:.4g}' for x in batch.tolist())}) / {count} = {center:.6g}",
        f"var  = ({' + '.join(f'({d:.4g})²' for d in steps.d[:, 0].tolist())}) / {count} = {pool:.6g}",
        f"y    = {weight:g} · ({batch[0]:.6g} − {center:.6g}) / √({pool:.6g} + {eps:g}) + {bias:g} = {y:.6g}",
    ]
    return Printed("\n".join(lines))


def _arithmetic(setup: Setup, steps: hand.Steps) -> Numbers:
    """The operands of one point, feature by feature."""
    columns = (setup.batches[0], steps.center, steps.d, steps.pool, steps.scale, steps.y)
    rows = []
    for i, name in enumerate(setup.names[:8]):
        held = [c.expand_as(steps.y)[0, i].item() for c in columns]
        rows.append((name, *(f"{value:.6g}" for value in held)))
    power = setup.row.number("n", setup.values)
    return Numbers(
        "Point 1: y = weight · d / scale + bias",
        ("feature", "x", "center", "d = x − center", f"pool of |d|^{power:g}", "scale", "y"),
        tuple(rows),
    )


def tolerance(x: Tensor, scale: Tensor, y: Tensor, pooled: int) -> Tensor:
    """What rounding may do to each element: ε √(pool size) (1 + |x|/scale + |y|).

    The center carries a relative error of about ε√n in |x|, which the division magnifies by 1/scale;
    the scale carries one of ε√n, which touches y.
    """
    return torch.finfo(x.dtype).eps * pooled**0.5 * (1 + x.abs() / scale + y.abs())


def _equal(setup: Setup, y_hand: Tensor, y: Tensor) -> tuple:
    scale = torch.cat([_by_hand(setup, b).scale.expand_as(b) for b in setup.batches])
    size = max(setup.weight.abs().max().item(), 1.0)
    pooled = len(setup.batches[0]) if setup.row.uses_batch else setup.x.shape[1]
    allowed = tolerance(setup.x, scale, y, pooled) * size
    ratio, gap, limit = _worst(y_hand - y, allowed)
    setup.record.number("hand.difference", gap, "largest |by hand − layer| of an element")
    verdict = setup.record.claim(EQUAL, ratio)
    _say(setup, "with √(var + ε)" if setup.row.center else "by the equation", gap, limit, verdict)
    dtype = str(setup.x.dtype).removeprefix("torch.")
    form = "√(var + ε), as the layer" if setup.row.center else "the equation"
    return (
        form,
        dtype,
        f"{gap:.2g}",
        f"{limit:.2g}",
        "equal" if verdict.outcome == "holds" else "differs",
    )


def _slip(setup: Setup) -> tuple[Tensor, tuple]:
    """std + ε against √(var + ε) in float64, where rounding cannot hide the difference."""
    outside = replace(setup.row, sigma=Sigma("eps", "outside"))
    weight, bias = setup.weight.double(), setup.bias.double()
    slipped, right = [], []
    for batch in setup.batches:
        slipped.append(hand.forward(batch.double(), outside, setup.values, weight, bias))
        right.append(hand.forward(batch.double(), setup.row, setup.values, weight, bias))
    y, wrong = torch.cat([s.y for s in right]), torch.cat([s.y for s in slipped])
    scale = torch.cat([s.scale.expand_as(s.y) for s in right])
    ratio, gap, limit = _worst(
        wrong - y, tolerance(setup.x.double(), scale, y, len(setup.batches[0]))
    )
    setup.record.number("std_plus_eps.difference", gap, "largest |(std + ε) form − layer|, float64")
    verdict = setup.record.claim(SLIP, ratio, detail="the reference chapter accepts it with atol=9")
    _say(setup, "with std + ε, the chapter's form", gap, limit, verdict)
    outcome = "equal" if verdict.outcome == "holds" else "differs"
    return (wrong - y).abs(), (
        "std + ε, as the chapter",
        "float64",
        f"{gap:.2g}",
        f"{limit:.2g}",
        outcome,
    )


def _say(setup: Setup, form: str, gap: float, limit: float, verdict: Verdict) -> None:
    answer = verdict.outcome == "holds"
    setup.record.say(
        f"By hand {form} matches the layer? {answer} (largest difference {gap:.1e}, allowed {limit:.1e})"
    )


def _worst(gap: Tensor, allowed: Tensor) -> tuple[float, float, float]:
    """The element nearest to (or furthest beyond) its tolerance: ratio, largest gap, tolerance."""
    ratio = gap.abs() / allowed
    where = int(ratio.argmax())
    return ratio.max().item(), gap.abs().max().item(), allowed.flatten()[where].item()


def _why(setup: Setup) -> list[Block]:
    if setup.row.name != "batch":
        return []
    return [
        Prose(
            "Why two forms? With ε outside the root the divisor is $\\sqrt{var} + \\varepsilon$ instead "
            "of $\\sqrt{var + \\varepsilon} \\approx \\sqrt{var} + \\varepsilon/(2\\sqrt{var})$. Both "
            "save us from dividing by zero; they differ by about $\\varepsilon$ relative to the standard "
            "deviation, far more than rounding does. A comparison with `atol=9` passes anything, even "
            "all zeros; a tolerance worked out from the dtype and the pool's size tells the two apart."
        )
    ]
