"""The page's figures, of plain arrays; without torch, since they may be drawn in another process."""

from typing import Any

import numpy as np

from normlab.report.style import ACCENT, FEATURES, GRID, MUTED, PAPER, subplots

NAMED = 28  # layers whose names fit under a strip
SHOWN = 4  # layers in the figure of channels
BARS = 14
_LONGEST = 26


def strip(names, rows, labels, limit):
    """One row of cells for each measure, one cell for each layer, from grey to the accent in four steps."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    named = len(names) <= NAMED
    longest = max(len(short(name)) for name in names)
    below = 0.3 + 0.055 * longest if named else 0.5  # inches: a slanted name at its size
    height = 0.25 + 0.42 * len(rows) + below
    figure, axes = subplots(1, 1, height=height, left=1.5)
    figure.subplots_adjust(bottom=below / height, top=1 - 0.15 / height, right=0.92)
    ax = axes[0, 0]
    colors = ListedColormap([GRID, FEATURES[4], FEATURES[0], ACCENT])  # they follow the page's
    steps = BoundaryNorm([0, limit / 2, limit, 2 * limit, 3 * limit], colors.N)
    values = np.clip(np.array(rows, dtype=float), 0, 2.5 * limit)
    shown = ax.pcolormesh(values, cmap=colors, norm=steps, edgecolors=PAPER, lw=1)
    ax.invert_yaxis()
    ax.grid(False)
    ax.set_yticks(np.arange(len(labels)) + 0.5, labels)
    if named:
        ticks = [short(name) for name in names]
        ax.set_xticks(np.arange(len(names)) + 0.5, ticks, rotation=60, ha="right", fontsize=8)
    else:
        ax.set_xlabel("layer, in the order of the model")
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    bar = figure.colorbar(shown, ax=ax, pad=0.02, fraction=0.05)
    ticks = [limit / 2, limit, 2 * limit]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.outline.set_visible(False)
    return figure


def channels(layers):
    """For each layer a panel: mean and std of every channel, as stored and as measured."""
    count = len(layers)
    figure, axes = subplots(2, count, height=4.6, left=0.55)
    for at, (name, mean, std, data_mean, data_std) in enumerate(layers):
        _pair(axes[0, at], mean, data_mean, FEATURES[0])
        _pair(axes[1, at], std, data_std, FEATURES[1])
        axes[0, at].set_title(short(name, 20), fontsize=9)
        axes[1, at].set_xlabel("stored")
    axes[0, 0].set_ylabel("mean of the data")
    axes[1, 0].set_ylabel("std of the data")
    return figure


def _pair(ax: Any, stored: Any, measured: Any, color: str) -> None:
    stored, measured = np.asarray(stored, float), np.asarray(measured, float)
    ends = [min(stored.min(), measured.min()), max(stored.max(), measured.max())]
    ax.plot(ends, ends, color=MUTED, lw=0.9, zorder=1)
    ax.scatter(stored, measured, s=14, color=color, alpha=0.8, zorder=2)
    ax.locator_params(nbins=3)


def changes(names, values):
    """How far each layer moves the output, the farthest at the top."""
    figure, axes = subplots(1, 1, height=0.8 + 0.26 * len(names), left=2.2)
    ax = axes[0, 0]
    places = np.arange(len(names))
    ax.barh(places, 100 * np.asarray(values), color=FEATURES[0], height=0.65)
    ax.set_yticks(places, [short(name) for name in names])
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.set_xlabel("change of the output (% of its size)")
    return figure


def short(name: str, limit: int = _LONGEST) -> str:
    """The end of a path tells layers apart."""
    return name if len(name) <= limit else "…" + name[1 - limit :]
