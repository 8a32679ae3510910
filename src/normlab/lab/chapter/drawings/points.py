"""Tables of points: scatter, histograms, the same before and after."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from normlab.report.figures import rasterize
from normlab.report.style import AFTER, BEFORE, feature_color, subplots

PAIRS = 4  # features in a grid of pairs
HISTOGRAMS = 24
BINS = 20


def cloud(ax: Any, x: np.ndarray, names: Sequence[str], color: str, label: str | None = None):
    """The first two features against each other, or the only one against the row's number."""
    many = len(x) > 400
    first, second = (x[:, 0], x[:, 1]) if x.shape[1] > 1 else (np.arange(1, len(x) + 1), x[:, 0])
    ax.plot(
        first, second, ".", color=color, alpha=0.35 if many else 0.65, ms=4 if many else 7,
        mew=0, rasterized=rasterize(len(x)), label=label,
    )  # fmt: skip
    ax.set_xlabel(names[0] if x.shape[1] > 1 else "row")
    ax.set_ylabel(names[1] if x.shape[1] > 1 else names[0])


def bars(ax: Any, values: np.ndarray, bins: int = BINS, least: float = 0.0, **style: Any):
    """A histogram from the lowest to the highest finite value, at least so wide.

    Values that differ by rounding only are not taken apart, which numpy refuses to do.
    """
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    middle, half = (low + high) / 2, max(high - low, least) / 2
    if half <= 64 * np.finfo(values.dtype).eps * max(abs(low), abs(high)):
        half = 0.5 * (abs(middle) or 1.0)
    ax.hist(values, bins=np.linspace(middle - half, middle + half, bins + 1), **style)


def histograms(ax: Any, x: np.ndarray, names: Sequence[str], limit: int = 5):
    """Each feature's histogram in its colour, as the chapter draws them: 20 bins."""
    finite = x[:, :limit][np.isfinite(x[:, :limit])]
    least = float(np.ptp(finite)) / 50 if finite.size else 0.0  # beside a wide one, a bar to see
    for i in range(min(x.shape[1], limit)):
        bars(ax, x[:, i], least=least, alpha=0.6, color=feature_color(i), label=names[i])
    ax.set_xlabel("value")
    ax.set_ylabel("frequency")
    ax.legend()
    ax.margins(y=0.18)


def scatter_and_histograms(x, names, title, color):
    """The chapter's two panels."""
    figure, axes = subplots(1, 2)
    cloud(axes[0, 0], x, names, color)
    histograms(axes[0, 1], x, names)
    axes[0, 0].set_title(title)
    axes[0, 1].set_title("each feature")
    return figure


def pair_grid(x, names, color):
    """The first few features against each other, their histograms on the diagonal."""
    n = min(x.shape[1], PAIRS)
    figure, axes = subplots(n, n, height=1.7 * n + 0.6)
    for i in range(n):
        for j in range(n):
            ax = axes[i, j]
            if i == j:
                bars(ax, x[:, i], color=feature_color(i), alpha=0.8)
            else:
                ax.plot(x[:, j], x[:, i], ".", ms=3, mew=0, color=color, alpha=0.5,
                        rasterized=rasterize(len(x)))  # fmt: skip
            ax.set_xlabel(_short(names[j]) if i == n - 1 else "")
            ax.set_ylabel(_short(names[i]) if j == 0 else "")
    return figure


def all_histograms(before, after, names):
    """Every feature's histogram, before and after, each in its own panel."""
    n = min(before.shape[1], HISTOGRAMS)
    cols = min(n, 4)
    rows = -(-n // cols)
    figure, axes = subplots(2 * rows, cols, height=1.25 * 2 * rows + 0.6, left=0.5)
    for ax in axes.flat:
        ax.set_visible(False)
    for i in range(n):
        for step, x, color in ((0, before, BEFORE), (1, after, feature_color(i))):
            ax = axes[2 * (i // cols) + step, i % cols]
            ax.set_visible(True)
            bars(ax, x[:, i], color=color)
            ax.locator_params(nbins=3)
        axes[2 * (i // cols), i % cols].set_title(_short(names[i]), fontsize=9)
    return figure


def same_axes(before, after, names):
    """Before and after in one pair of axes, equal in both panels: what normalising does."""
    figure, axes = subplots(1, 2, share="both")
    cloud(axes[0, 0], before, names, BEFORE)
    cloud(axes[0, 1], after, names, AFTER)
    axes[0, 0].set_title("before: scattered")
    axes[0, 1].set_title("after: centred, unit variance")
    axes[0, 1].set_ylabel("")
    for ax in axes.flat:
        ax.axhline(0, lw=0.8, color=BEFORE)
        ax.axvline(0, lw=0.8, color=BEFORE)
    return figure


def hand_beside_unnormalised(before, hand, names, gaps):
    """The data, the hand-made result, and how far two hand-made forms are from the layer."""
    figure, axes = subplots(1, 3, height=2.9)
    cloud(axes[0, 0], before, names, BEFORE)
    cloud(axes[0, 1], hand, names, AFTER)
    axes[0, 0].set_title("unnormalised")
    axes[0, 1].set_title("made by hand")
    ax = axes[0, 2]
    for i, (label, gap) in enumerate(gaps.items()):
        levels = np.log10(np.maximum(gap.ravel(), 1e-9 if gap.max() > 1e-12 else 1e-18))
        bars(ax, levels, 25, color=feature_color(2 + i), alpha=0.75, label=label)
    ax.set_title("distance to the layer")
    ax.set_xlabel("log₁₀ |by hand − layer|")
    ax.set_ylabel("elements")
    ax.margins(y=0.45)
    ax.legend(loc="upper left")
    return figure


def small_multiples(clouds):
    """The same points through several normalisers, each in a panel with its own axes."""
    cols = 5
    rows = -(-len(clouds) // cols)
    figure, axes = subplots(rows, cols, height=1.75 * rows + 0.35, left=0.52)
    for ax in axes.flat[len(clouds) :]:
        ax.set_visible(False)
    for ax, (name, x) in zip(axes.flat, clouds.items(), strict=False):
        color = BEFORE if name == "data" else AFTER
        cloud(ax, x, ("", ""), color)
        ax.set(xlabel="", ylabel="")
        ax.set_title(name, fontsize=9)
        ax.locator_params(nbins=3)
        ax.margins(0.12)
        _at_least(ax, 0.5)
    return figure


def _at_least(ax: Any, span: float):
    """Never zoom into rounding: an axis shows at least this much."""
    for get, put in ((ax.get_xlim, ax.set_xlim), (ax.get_ylim, ax.set_ylim)):
        low, high = get()
        if high - low < span:
            middle = (low + high) / 2
            put(middle - span / 2, middle + span / 2)


def _short(name: str, limit: int = 16) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"
