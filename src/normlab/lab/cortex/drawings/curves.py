"""Panels of curves, with the stimuli above them."""

import numpy as np

from normlab.report.style import ACCENT, FEATURES, MUTED, subplots

_STRIP = 1.15  # inches for a row of stimuli
_STYLES = ("-", "--", ":")


def curves(panels, stimuli):
    """Curves side by side; above them pictures of stimuli, all on the same grey scale."""
    strip = _STRIP if stimuli else 0.0
    figure, axes = subplots(1, len(panels), height=3.1 + strip)
    if strip:
        figure.subplots_adjust(top=1 - (0.32 + strip + 0.12) / (3.1 + strip))
        _strip(figure, stimuli, 3.1 + strip)
    for ax, panel in zip(axes[0], panels, strict=True):
        _panel(ax, panel)
    return figure


def _strip(figure, stimuli, height):
    wide, side = figure.get_size_inches()[0], 0.92
    for i, (label, image) in enumerate(stimuli.items()):
        left = 0.66 + i * (wide - 0.78) / max(len(stimuli), 4)
        ax = figure.add_axes((left / wide, 1 - (0.24 + side) / height, side / wide, side / height))
        ax.imshow(image, cmap="gray", vmin=-0.5, vmax=0.5, interpolation="nearest")
        ax.set_title(label, fontsize=8.5, pad=3)
        ax.set(xticks=[], yticks=[])
        ax.grid(False)


def _panel(ax, panel):
    many = len(panel["lines"]) > len(FEATURES)
    for i, (label, y) in enumerate(panel["lines"].items()):
        color = FEATURES[i % len(FEATURES)]
        style = _STYLES[i // len(FEATURES) % len(_STYLES)] if many else "-"
        dots = {"marker": "o", "ms": 3} if len(y) <= 30 else {}
        ax.plot(panel["x"], y, style, color=color, lw=1.4, label=label, **dots)
    for label, at in panel.get("levels", {}).items():
        ax.axhline(at, color=MUTED, lw=0.9, ls=":", label=label)
    ax.set(xlabel=panel["xlabel"], ylabel=panel["ylabel"], title=panel.get("title", ""))
    if panel.get("log"):
        _log(ax)
    if panel.get("octaves"):
        _octaves(ax, panel["x"])
    low = min(0.0, *(float(np.nanmin(y)) for y in panel["lines"].values()))
    high = max(float(np.nanmax(y)) for y in panel["lines"].values())
    bottom = low - 0.02 * (high - low)
    for label, at in panel.get(
        "marks", {}
    ).items():  # not through the legend, which is above the curves
        ax.plot([at, at], [bottom, high], color=ACCENT, lw=0.9, ls="--", label=label)
    told = len(panel["lines"]) + len(panel.get("marks", {})) + len(panel.get("levels", {}))
    told *= told > 1  # a curve alone needs no name
    ax.set_ylim(bottom, high + (high - low) * (0.08 + 0.1 * told))
    if told:
        ax.legend(loc="upper left", fontsize=8, handlelength=1.6, borderaxespad=0.1)


def _log(ax):
    ax.set_xscale("log")
    ticks = [t for t in (0.01, 0.03, 0.1, 0.3, 1.0) if ax.get_xlim()[0] <= t <= ax.get_xlim()[1]]
    ax.set_xticks(ticks, [f"{100 * t:g} %" for t in ticks])
    ax.minorticks_off()


def _octaves(ax, x):
    ticks = np.arange(np.ceil(x.min() - 1e-9), np.floor(x.max() + 1e-9) + 1)
    ax.set_xticks(ticks, [f"{2.0**t:g}" for t in ticks])
