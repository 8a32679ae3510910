"""The page's figures, of plain arrays; without torch, since they may be drawn in another process."""

from typing import Any

import numpy as np

from normlab.report.style import ACCENT, FEATURES, GRID, MUTED, PAPER, subplots

NAMED = 28  # layers whose names fit under a strip
SHOWN = 4  # layers in the figure of channels
BARS = 14
_LONGEST = 26


def strip(names, rows, labels, limit):
    """One row of cells for each measure, one cell for each layer, from grey to the accent."""
    from matplotlib.colors import LinearSegmentedColormap

    long = len(names) <= NAMED
    height = 0.9 + 0.42 * len(rows) + (1.35 if long else 0.2)
    figure, axes = subplots(1, 1, height=height, left=1.7)
    figure.subplots_adjust(
        bottom=(1.5 if long else 0.5) / height, top=1 - 0.25 / height, right=0.88
    )
    ax = axes[0, 0]
    colors = LinearSegmentedColormap.from_list("drift", [GRID, FEATURES[0], ACCENT])
    values = np.array(rows, dtype=float)
    shown = ax.pcolormesh(
        np.clip(values, 0, 2 * limit), cmap=colors, vmin=0, vmax=2 * limit, edgecolors=PAPER, lw=1
    )
    ax.invert_yaxis()
    ax.grid(False)
    ax.set_yticks(np.arange(len(labels)) + 0.5, labels)
    if long:
        ticks = [short(name) for name in names]
        ax.set_xticks(np.arange(len(names)) + 0.5, ticks, rotation=60, ha="right", fontsize=8)
    else:
        ax.set_xlabel("layer, in the order of the model")
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    bar = figure.colorbar(shown, ax=ax, pad=0.02, fraction=0.05)
    bar.set_ticks([0, limit, 2 * limit], labels=["0", f"{limit:g}", f"≥ {2 * limit:g}"])
    bar.outline.set_visible(False)
    return figure


def channels(layers):
    """For each layer a panel: mean and std of every channel, as stored and as measured."""
    count = len(layers)
    figure, axes = subplots(2, count, height=4.6, left=0.55)
    for at, (name, mean, std, data_mean, data_std) in enumerate(layers):
        _pair(axes[0, at], mean, data_mean, FEATURES[0])
        _pair(axes[1, at], std, data_std, FEATURES[1], log=True)
        axes[0, at].set_title(short(name, 20), fontsize=9)
        axes[1, at].set_xlabel("stored")
    axes[0, 0].set_ylabel("mean of the data")
    axes[1, 0].set_ylabel("std of the data")
    return figure


def _pair(ax: Any, stored: Any, measured: Any, color: str, log: bool = False) -> None:
    stored, measured = np.asarray(stored, float), np.asarray(measured, float)
    if log:
        floor = 1e-6 * max(stored.max(initial=0.0), measured.max(initial=0.0), 1e-30)
        stored, measured = stored.clip(floor), measured.clip(floor)
        ax.set(xscale="log", yscale="log")
    ends = [min(stored.min(), measured.min()), max(stored.max(), measured.max())]
    ax.plot(ends, ends, color=MUTED, lw=0.9, zorder=1)
    ax.scatter(stored, measured, s=14, color=color, alpha=0.8, zorder=2)
    if not log:
        ax.locator_params(nbins=4)


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
