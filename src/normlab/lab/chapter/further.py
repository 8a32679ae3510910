"""Section 6: going on: running statistics, train and eval, weight and bias, batch size, outliers."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from normlab.data import chapter_points
from normlab.errors import ShapeError
from normlab.lab.chapter import layers, running
from normlab.lab.chapter.catalogue import ALONE, BOUNDED, ROOT
from normlab.lab.chapter.drawings import curves
from normlab.lab.chapter.parts import moments, std
from normlab.lab.chapter.setup import DRAWN, Setup, arrays, order_note, order_warning
from normlab.lab.chapter.what import standardise
from normlab.moments import Moments
from normlab.nn import BatchNorm
from normlab.report.page import Ask, Block, Note, Numbers, Prose
from normlab.safe import markup

MORE = (1024, 4096)
SIZES = (2, 4, 8, 16, 32, 64, 128)


def section(setup: Setup) -> None:
    affine = _affine(setup) if setup.row.affine else [_no_affine(setup)]
    if not setup.row.running:
        setup.record.section("Going on", *affine, _no_batch(setup))
        return
    setup.record.section(
        "Going on",
        *running.blocks(setup),
        *affine,
        *_more_samples(setup),
        *_size_and_outliers(setup),
        *_single(setup),
    )


def _no_affine(setup: Setup) -> Block:
    return Prose(
        f"{setup.row.title} has no weight and no bias: what it makes of its input goes on as it is."
    )


def _affine(setup: Setup) -> list[Block]:
    y = setup.normalize(setup.x[: -(-DRAWN // setup.size) * setup.size])[:, 0]
    capped = f" The first {len(y)} rows." if len(y) < len(setup.x) else ""
    outputs = {
        "weight (γ) stretches": {f"weight {w:g}": arrays(w * y) for w in (0.5, 1.0, 2.0)},
        "bias (β) moves": {f"bias {b:g}": arrays(y + b) for b in (-3.0, 0.0, 3.0)},
    }
    words = Prose(
        "**Weight and bias** (γ and β) are learned. They act after everything else: the weight stretches "
        "the distribution, the bias moves it, and nothing else about it changes."
    )
    picture = setup.record.figure(
        "affine",
        curves.affine,
        "The first feature's distribution after normalising, for three weights and three biases."
        + capped,
        "Outlined histograms: wider with a larger weight, shifted with another bias.",
        outputs=outputs,
        name=setup.shown[0],
    )
    return [words, picture]


def _size_and_outliers(setup: Setup) -> list[Block | None]:
    record = setup.record
    x, found = _many(setup)
    sizes = [size for size in SIZES if 4 * size <= len(x)] or [2]
    noise = list(_noise(x, found.std().cpu(), len(sizes)))
    for size, value in zip(sizes, noise, strict=True):
        record.number(f"size.noise.{size}", value, "spread of the batch means in data stds")
    errors = [
        abs(v * s**0.5 - 1) * _precision(len(x) // s, int((found.var() > 0).sum()))
        for s, v in zip(sizes, noise, strict=True)
    ]
    root = record.claim(ROOT, max(errors), detail=order_note(setup))
    size = setup.size
    amplitudes, outlier, others = _outlier(setup, setup.batches[0].double().cpu())
    bound = (size - 1) ** 0.5
    record.claim(BOUNDED, (outlier.max() / bound) if bound else 0.0)
    picture = record.figure(
        "size-and-outliers",
        curves.size_and_outliers,
        "Left: the spread of the batches' means against the batch size; where rows come in random order, the "
        "smaller the batch, the noisier its mean. Right: one point of a batch is moved away; its "
        f"output cannot pass √({size} − 1) = {bound:.3f}, and the others are squeezed together.",
        "The spread beside a falling line on logarithmic axes; an outlier's output levelling off at a "
        "dashed bound while the spread of the others falls.",
        sizes=sizes,
        noise=noise,
        theory=[s**-0.5 for s in sizes],
        amplitudes=arrays(amplitudes),
        outlier=arrays(outlier),
        others=arrays(others),
        bound=bound,
    )
    return [
        Prose(
            "**Batch size and outliers.** A batch is a small sample, and it normalises by its own luck."
        ),
        Ask(
            f"One point in a batch of {size} is moved a thousand standard deviations away. How large does "
            "its normalised value become?",
            f"At most {bound:.3f}: the point is part of the variance that it is divided by. The others pay, "
            "for they are divided by it too.",
        ),
        picture,
        order_warning(setup, root, "Here the spread does not fall as 1/√batch size."),
    ]


def _many(setup: Setup) -> tuple[Tensor, Moments]:
    """The reader's data, or the chapter's points drawn on: large batches need many points."""
    if not setup.own_points:
        return setup.x.cpu(), setup.moments
    s = setup.settings
    points = chapter_points(max(MORE[-1], len(setup.x)), s.mean, s.std, s.seed).values.double()
    return points, moments(points)


def _more_samples(setup: Setup) -> list[Block]:
    """The chapter's points, more of them: the std after creeps towards 1."""
    if not setup.own_points or setup.row.name != "batch":
        return []
    s, rows = setup.settings, []
    for samples in (len(setup.x), *(n for n in MORE if n > len(setup.x))):
        if samples < s.batch_size:
            continue
        points = chapter_points(samples, s.mean, s.std, s.seed).values
        whole = points[: samples // s.batch_size * s.batch_size]
        after = std(setup.normalize(whole, s.batch_size))[0]
        found = setup.record.number(
            f"samples.std.{samples}", after, "std of the first feature after, with so many samples"
        )
        rows.append((samples, f"{found:.6f}", f"{(samples / (samples - 1)) ** 0.5:.6f}"))
    if not rows:
        return []
    header = ("samples", f"std of {markup(setup.names[0])} after", "√(n/(n − 1))")
    text = (
        "**More samples.** The layer divides each batch by its own biased standard deviation; over all of "
        "them the unbiased one comes out as $\\sqrt{n/(n-1)}$, which creeps towards 1 as points are added."
    )
    return [Prose(text), Numbers("More of the same points", header, tuple(rows))]


def _noise(x: Tensor, spread: Tensor, doublings: int) -> Iterator[float]:
    """Spread of the means of 2, 4, 8 … rows in the data's std, root mean square over features that vary.

    NaN where it cannot be known: one batch alone, or nothing that varies.
    """
    for _ in range(doublings):  # the mean of 8 is that of two means of 4
        x = x[: len(x) // 2 * 2].reshape(-1, 2, x.shape[1]).mean(1, dtype=torch.float64)
        shares = (std(x) / spread)[spread > 0]
        yield shares.square().mean().sqrt().item() if len(x) > 1 and len(shares) else math.nan


def _precision(batches: int, features: int) -> float:
    """One over the relative standard error of a standard deviation over so many batch means."""
    return (2 * max(batches - 1, 1) * max(features, 1)) ** 0.5


def _outlier(setup: Setup, batch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Move the first point away and normalise its batch each time."""
    unit = standardise(batch[:, :1])
    amplitudes = torch.linspace(0, 50, 60, dtype=torch.float64)
    outlier, others = [], []
    layer = nn.BatchNorm1d(1, eps=setup.values["eps"], affine=False, dtype=torch.float64)
    for amplitude in amplitudes:
        moved = unit - unit[1:].mean()
        moved[0] = amplitude
        y = layer(moved)[:, 0]
        outlier.append(y[0].abs())
        others.append(y[1:].std(correction=0))
    return amplitudes, torch.stack(outlier), torch.stack(others)


def _single(setup: Setup) -> list[Block]:
    """What torch and normlab say to a last batch of one."""
    alone = setup.x[:1]
    rows = []
    for name, kind in (
        ("torch.nn.BatchNorm1d", nn.BatchNorm1d),
        ("normlab.nn.BatchNorm", BatchNorm),
    ):
        try:
            kind(alone.shape[1]).to(alone)(alone)
            said = "nothing: it was accepted"
        except (ValueError, ShapeError) as error:
            said = str(error)
        rows.append((name, said))
    caption = "A last batch of one, in training"
    return [
        Note(
            "A last batch of one has no variance to divide by, and every value would become its bias. "
            "Both layers refuse it. Leave the batch out (`--drop-last`), or choose another batch size."
        ),
        Numbers(caption, ("layer", "what it says"), tuple(rows)),
    ]


def _no_batch(setup: Setup) -> Block:
    """Rows that look at one sample at a time: nothing to keep, and no batch to depend on."""
    batch = setup.batches[0]
    layer = layers.layer_of(setup.row, setup.weight, setup.bias, setup.values)
    with torch.no_grad():
        together = layers.apply(layer, batch, setup.weight, setup.bias)
        alone = torch.cat(
            [layers.apply(layer, b, setup.weight, setup.bias) for b in batch.split(1)]
        )
    kind = torch.finfo(batch.dtype)
    unit = (kind.eps * together.abs().max()).clamp_min(kind.tiny)
    verdict = setup.record.claim(ALONE, (together - alone).abs().max() / unit)
    return Note(
        f"{setup.row.title} looks at one sample at a time: there are no running statistics, training and "
        f"evaluation agree, and the batch size makes no difference. Each sample of the first batch alone "
        f"and all of them together differ by {verdict.measured:.2g} roundings at most."
    )
