"""The report's figures, of plain arrays."""

from typing import Any

import numpy as np

from normlab.report.figures import rasterize
from normlab.report.style import ACCENT, FEATURES, GRID, MUTED, feature_color, in_legend, subplots

PANELS = 12  # histograms in one figure
LINES = 5  # features in one panel, as many as there are colours
_COLUMNS = 4
_LONGEST = 22
_COLORS = {"red": FEATURES[1], "green": FEATURES[2], "blue": FEATURES[0]}  # channels in their own


def channels(edges, counts, names, mean, std):
    """Images: the channels' histograms in one panel, each with its mean and std."""
    figure, axes = subplots(1, 1, height=3.2)
    ax = axes[0, 0]
    for i in range(min(len(names), LINES)):
        share = 100 * counts[i] / max(counts[i].sum(), 1)
        color = _COLORS.get(names[i], feature_color(i))
        ax.stairs(share, edges[i], color=color, lw=1.4, label=in_legend(short(names[i])))
        ax.axvline(mean[i], color=color, lw=1, ls="--")
    tops = [np.sort(100 * row / max(row.sum(), 1)) for row in counts[:LINES]]
    # black and white are often levels by themselves, far above all others
    second = max((row[-3] if len(row) > 2 else row[-1]) for row in tops)
    highest = max(row[-1] for row in tops)
    ax.set_ylim(0, 1.12 * (highest if highest < 4 * second else 1.6 * second))
    ax.set(xlabel="value", ylabel="share of pixels (%)")
    ax.margins(x=0.01)
    ax.legend()
    return figure


def histograms(edges, counts, names, mean, std):
    """Tables: a panel for each feature, with its mean and one std to either side."""
    n = min(len(names), PANELS)
    columns = min(n, _COLUMNS)
    rows = -(-n // columns)
    figure, axes = subplots(rows, columns, height=0.55 + 1.55 * rows, left=0.5)
    for ax in axes.flat[n:]:
        ax.set_visible(False)
    for i, ax in enumerate(axes.flat[:n]):
        _histogram(ax, edges[i], counts[i], mean[i], std[i], feature_color(i))
        ax.set_title(short(names[i]), fontsize=9)
    return figure


def _histogram(ax: Any, edges: np.ndarray, counts: np.ndarray, mean: float, std: float, color: str):
    ax.stairs(counts, edges, fill=True, color=color, alpha=0.75)
    if np.isfinite(mean) and np.isfinite(std):
        ax.axvline(mean, color=ACCENT, lw=1.2)
        ax.axvspan(mean - std, mean + std, color=GRID, alpha=0.6, zorder=0, lw=0)
    low, high = edges[0], edges[-1]
    pad = 0.03 * (high - low)
    ax.set_xlim(low - pad, high + pad)
    ax.set_yticks([])
    ax.grid(False)
    ax.locator_params(axis="x", nbins=3)


def parts(means, errors, names):
    """Each part's mean against that of all, in stds, for the features that move most."""
    figure, axes = subplots(1, 1, height=3.0)
    ax = axes[0, 0]
    places = np.arange(1, means.shape[0] + 1)
    few = len(places) <= 60
    for i in range(means.shape[1]):
        shift = (i - (means.shape[1] - 1) / 2) * 0.12 * few
        ax.errorbar(
            places + shift, means[:, i], errors[:, i] if few else None, fmt="o", ms=4 if few else 2,
            lw=1, color=feature_color(i), label=in_legend(short(names[i])),
            rasterized=rasterize(means.size),
        )  # fmt: skip
    ax.axhline(0, color=MUTED, lw=0.8)
    ax.set(xlabel="part", ylabel="mean − mean of all (std)")
    ax.xaxis.get_major_locator().set_params(integer=True)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.45 * (high - low))  # room for the legend
    ax.legend(ncols=min(3, means.shape[1]))
    return figure


def short(name: str, limit: int = _LONGEST) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"
