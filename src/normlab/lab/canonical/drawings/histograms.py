"""Joint and conditional distributions."""

import numpy as np

from normlab.report.style import ACCENT, MUTED, feature_color, subplots

REACH, CELLS = 4.0, 41  # standard deviations to either side, and cells along a side


def conditional(first, second):
    """How second is distributed for each value of first, each column scaled to its largest cell."""
    edges = np.linspace(-REACH, REACH, CELLS + 1)
    counts, _, _ = np.histogram2d(second, first, bins=(edges, edges))
    counts[:, counts.sum(0) < 30] = 0  # too few to tell a distribution
    return (counts / np.maximum(counts.max(0, keepdims=True), 1)).astype(np.float32)


def bow_tie(stages):
    """Conditional histograms side by side."""
    figure, axes = subplots(1, len(stages), height=2.75, share="y")
    for ax, (title, counts) in zip(axes[0], stages.items(), strict=True):
        reach = (-REACH, REACH, -REACH, REACH)
        ax.imshow(counts, cmap="gray", origin="lower", extent=reach, aspect="equal")
        ax.set(title=title, xlabel="one response (s.d.)")
        ax.set_xticks([-3, 0, 3])
        ax.set_yticks([-3, 0, 3])
        ax.grid(visible=False)
    axes[0, 0].set(ylabel="the other (s.d.)")
    return figure


def information(bits, sizes, undivided):
    """Bits shared by each kind of pair under each pool; and by the size of a pool that holds the pair."""
    figure, axes = subplots(1, 2)
    left, right = axes[0]
    kinds = list(next(iter(bits.values())))
    width = 0.8 / len(bits)
    for i, (name, found) in enumerate(bits.items()):
        place = np.arange(len(kinds)) + (i - (len(bits) - 1) / 2) * width
        left.bar(place, list(found.values()), width, color=feature_color(i), label=name)
    left.set_xticks(range(len(kinds)), kinds)
    left.set(ylabel="mutual information (bits)", title="divided by")
    left.margins(y=0.45)
    left.legend(ncols=2, loc="upper left")
    mean, spread = zip(*sizes.values(), strict=True)
    right.errorbar(list(sizes), mean, spread, fmt="o-", ms=5, color=feature_color(2), lw=1.4)
    right.axhline(undivided, color=ACCENT, lw=1, ls="--")
    right.text(max(sizes), undivided, "not divided", color=ACCENT, ha="right", va="bottom")
    right.axhline(0, color=MUTED, lw=0.8)
    right.set(
        xlabel="responses in the pool, the pair among them", title="a pool that holds the pair"
    )
    right.set_ylim(0, None)
    return figure


def mixture(stages, middle, density, law, left):
    """Two conditional histograms, a density with its law, and what z still changes, by σ."""
    figure, axes = subplots(1, 4, height=2.4, left=0.5)
    for ax, (title, counts) in zip(axes[0], stages.items(), strict=False):
        ax.imshow(counts, cmap="gray", origin="lower", extent=(-REACH, REACH) * 2, aspect="auto")
        ax.set(title=title, xlabel="one response", xticks=[-3, 0, 3], yticks=[-3, 0, 3])
        ax.grid(visible=False)
    third, last = axes[0, 2:]
    third.bar(middle, density, middle[1] - middle[0], color=feature_color(0), label="divided")
    third.plot(middle, law, color=ACCENT, lw=1.2, label="Student's t")
    third.set(yscale="log", title="density", xlabel="divided response", ylim=(1e-4, 60))
    third.legend(handlelength=0.8, loc="upper center")
    last.plot(list(left), list(left.values()), "o-", ms=3.5, color=feature_color(1))
    last.set(xscale="log", title="what z changes", xlabel="σ", ylim=(0, None))
    return figure
