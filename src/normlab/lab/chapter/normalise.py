"""Section 4: the chapter's own steps: the data, the layer in batches, by hand, a real comparison."""

import torch
from torch import Tensor

from normlab.equation import formula
from normlab.equation.pools import legend
from normlab.equation.row import Norm
from normlab.lab.chapter import compare, layers
from normlab.lab.chapter.catalogue import BESSEL
from normlab.lab.chapter.drawings import curves, points
from normlab.lab.chapter.parts import moments, statistics, std
from normlab.lab.chapter.setup import Setup, drawn
from normlab.moments import Moments
from normlab.report.page import Block, Formula, Note, Numbers, Picture, Printed, Prose
from normlab.report.style import AFTER, BEFORE
from normlab.safe import markup

TRACED = 500  # batches in a figure
BOOK_MEANS = 5.2154e-08, -3.7253e-08  # printed in the chapter after normalising


def section(setup: Setup) -> None:
    record, row = setup.record, setup.row
    given, y = setup.moments, layers.outputs(setup)
    before = _describe(setup, setup.x, given, "before", "before normalization")
    made = moments(y)
    after = _describe(setup, y, made, "after", "after normalisation")
    hands = compare.hand_steps(setup)
    y_hand = torch.cat([steps.y.flatten(0, 1) for steps in hands])
    when = "after manual BN" if row.name == "batch" else "by hand"
    _describe(setup, y_hand, moments(y_hand), "hand", when)
    name = layers.name_of(row, layers.layer_of(row, setup.weight, setup.bias, setup.values))
    record.section(
        f"{row.title}, step by step",
        Prose(
            f"The data are {markup(setup.table.name)}: {len(setup.x)} rows of {_features(setup.x)}. The "
            f"layer sees them in batches of {setup.settings.batch_size}, as a network would."
        ),
        Formula(formula.latex(row)),
        _legend(row),
        *_pictures(setup, "before", setup.x),
        _shown(setup, setup.x, given, before, "before normalisation"),
        Prose(f"Now the layer, `{name}`, on one batch after the other:"),
        *_pictures(setup, "after", y),
        _shown(setup, y, made, after, "after normalisation"),
        *_rounding(setup, y),
        *_bessel(setup, made),
        *_all_features(setup, y),
        _batch_statistics(setup, y),
        *compare.blocks(setup, hands, y_hand, y, name),
    )


def _legend(row: Norm) -> Prose:
    """What the letters under the pool's sign mean."""
    return Prose(f"Here {legend(row.pool)}. A table's columns are its channels; it has no space.")


def _shown(setup: Setup, x: Tensor, found: Moments, printed: str, when: str) -> Block:
    """As the chapter prints it while that fits into the column, and else as a table."""
    if max(map(len, printed.splitlines())) <= compare.WIDTH:
        return Printed(printed)
    spread = found.std().to(x).tolist()
    rows = tuple(zip(setup.names, x.mean(0).tolist(), spread, strict=True))
    caption = f"Mean and standard deviation of each feature {when}"
    return Numbers(caption, ("feature", "mean", "standard deviation"), rows)


def _rounding(setup: Setup, y: Tensor) -> list[Block]:
    """Why the means are not exactly 0, nor those that the chapter prints."""
    if setup.row.name != "batch" or setup.settings.bias != (0.0,):
        return []
    largest = y.mean(0).abs().max().item()
    one = torch.finfo(y.dtype).eps
    book = (
        f"; the chapter's own page has {BOOK_MEANS[0]:.1e} and {BOOK_MEANS[1]:.1e}"
        if setup.own_points
        else ""
    )
    return [
        Note(
            f"Why is a mean {largest:.1e} at most and not 0? Numbers near 1 are stored in steps of "
            f"{one:.1e}, so a sum of {len(y)} of them is rounded many times. What is left depends on the "
            f"order in which the processor adds, so another machine prints other digits{book}."
        )
    ]


def _describe(setup: Setup, x: Tensor, found: Moments, key: str, when: str) -> str:
    """Print and record mean and standard deviation as the chapter does; returns what was printed."""
    names = setup.names
    mean, spread = x.mean(0).cpu(), found.std().to(x).cpu()
    setup.record.vector(f"{key}.mean", names, mean, f"mean of each feature {when}")
    setup.record.vector(f"{key}.std", names, spread, f"unbiased std of each feature {when}")
    lines = [f"Original data shape: {x.shape}"] if key == "before" else []
    lines += [f"Feature means {when}: {mean}", f"Feature stds {when}: {spread}"]
    for line in lines:
        setup.record.say(line)
    return "\n".join(lines)


def _pictures(setup: Setup, stage: str, x: Tensor) -> list[Picture]:
    color = BEFORE if stage == "before" else AFTER
    titles = {"before": "Unnormalised data", "after": f"After {_within(setup.row.title)}"}
    many = x.shape[1] > 2
    caption = f"{titles[stage]}: the points, and each feature's histogram."
    alt = f"{titles[stage]}: a scatter plot and histograms of the features."
    kind = {"draw": points.pair_grid} if many else {"draw": points.scatter_and_histograms}
    extra = {} if many else {"title": titles[stage]}
    if many:
        caption = f"{titles[stage]}: the first {min(x.shape[1], points.PAIRS)} features in pairs."
    return [
        setup.record.figure(
            stage, kind["draw"], caption, alt, x=drawn(x), names=setup.shown, color=color, **extra
        )
    ]


def _features(x: Tensor) -> str:
    return "1 feature" if x.shape[1] == 1 else f"{x.shape[1]} features"


def _within(title: str) -> str:
    """A title within a sentence: RMS and L2 stay as they are."""
    return title if title[:2].isupper() else title[0].lower() + title[1:]


def _all_features(setup: Setup, y: Tensor) -> list[Block]:
    if y.shape[1] <= 2:
        return []
    shown = min(y.shape[1], points.HISTOGRAMS)
    left_out = f" (the first {shown} of {y.shape[1]})" if shown < y.shape[1] else ""
    return [
        setup.record.figure(
            "histograms",
            points.all_histograms,
            f"Every feature{left_out}: its histogram before (grey) and after (in colour). Each goes from its "
            "lowest to its highest value, and all fullest bins are drawn equally high.",
            "A grid of pairs of histograms, one pair for each feature.",
            before=drawn(setup.x),
            after=drawn(y),
            names=setup.shown,
        )
    ]


def _bessel(setup: Setup, made: Moments) -> list[Block]:
    """Why the std after is 1.0039 and not 1; with a shorter last batch too, as each batch ends at 1."""
    row, n = setup.row, len(setup.x)
    left = n % setup.size
    if row.name != "batch" or not bool(setup.moving.all()):
        return []
    factor = (n / (n - 1)) ** 0.5
    _, var = statistics(map(Tensor.double, setup.stacks(setup.x)))
    rows = torch.full_like(var[:, :1], setup.size)
    rows[-1] = left or setup.size
    kept = (rows * var / (var + setup.values["eps"])).sum(0)
    expected = setup.weight.double().abs() * (kept / (n - 1)).sqrt()
    gap = (made.std() / expected - 1).abs().nan_to_num(0).max()
    setup.record.number("after.std.factor", factor, "√(n/(n − 1)): unbiased against biased std")
    if not left and setup.settings.weight == (1.0,) and setup.settings.bias == (0.0,):
        setup.record.claim(BESSEL, gap)
    times = "" if setup.settings.weight == (1.0,) else ", times the weight"
    shown = f"{factor:.{max(4, len(str(n)) + 1)}f}"  # as many digits as tell it from 1
    return [
        Note(
            f"Why {shown} and not 1? The layer divides by the biased variance, the mean of the "
            f"squares; `std` divides their sum by $n - 1$. So it prints $\\sqrt{{n/(n-1)}}$, here "
            f"$\\sqrt{{{n}/{n - 1}}}$ = {shown}{times}. Both are right: they answer different questions."
            + _short_of_one(setup, expected / factor / setup.weight.double().abs())
        )
    ]


def _short_of_one(setup: Setup, left: Tensor) -> str:
    """Which features are so small that ε holds them down."""
    small = [(value, name) for value, name in zip(left.tolist(), setup.names, strict=True)]
    value, name = min(small)
    if not value < 0.999:
        return ""
    held = sum(value < 0.999 for value, _ in small)
    named = markup(repr(name))
    return (
        f" {held} of {len(small)} features end lower: within a batch their variance is not large against "
        f"ε = {setup.values['eps']:g}, which is added to it. {named} keeps {value:.0%} of its spread. "
        f"Bring such features to a larger unit, or choose a smaller `--eps`."
    )


def _batch_statistics(setup: Setup, y: Tensor) -> Picture:
    stages = [statistics(setup.stacks(part)) for part in (setup.x, y)]
    for key, (mean, var) in zip(("before", "after"), stages, strict=True):
        for what, values in (("mean", mean), ("var", var)):
            setup.record.vector(
                f"batches.{key}.{what}.spread", setup.names, std(values, correction=0).cpu(),
                f"spread over the batches of each batch's {what}, {key}",
            )  # fmt: skip
    return setup.record.figure(
        "batches",
        curves.batches,
        f"Mean and variance of each of the {len(setup.batches)} batches. Before, they change with the "
        f"few points that each batch holds; {_settled(setup)}.",
        "Four panels: mean and variance of every batch, before and after normalising.",
        places=drawn(torch.arange(1, len(setup.batches) + 1), TRACED),
        means=[drawn(stage[0][:, : curves.SHOWN], TRACED) for stage in stages],
        variances=[drawn(stage[1][:, : curves.SHOWN], TRACED) for stage in stages],
        names=setup.shown,
    )


def _settled(setup: Setup) -> str:
    """What the batches' statistics are after normalising."""
    if not setup.row.uses_batch:
        return "after, they still do, since each sample is normalised by itself"
    plain = setup.settings.weight == (1.0,) and setup.settings.bias == (0.0,)
    if plain:
        return "after, every mean is 0 and every variance about 1"
    return "after, every mean is the bias and every variance about the square of the weight"
