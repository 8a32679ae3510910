"""Means with their intervals, several series side by side at each of some named places."""

import numpy as np

from normlab.lab.training.drawings import color
from normlab.report.style import in_legend, subplots

_MARKS = "osD^vPX"


def panels(panels, ylabel, joined=False):
    """panels: (title, places, series) each; series: name → (means, half-widths) over the places.

    ylabel: one for all panels, or one for each.
    """
    labels = [ylabel] * len(panels) if isinstance(ylabel, str) else ylabel
    figure, axes = subplots(1, len(panels), height=3.6)
    figure.subplots_adjust(bottom=0.27)
    for ax, (title, places, series), label in zip(axes[0], panels, labels, strict=True):
        _panel(ax, places, series, joined)
        ax.set(title=title, ylabel=label)
    return figure


def _panel(ax, places, series, joined):
    at = np.arange(len(places))
    order = ["none", *(name for name in series if name != "none")]
    for i, (name, (mean, spread)) in enumerate(series.items()):
        beside = (0.1 if joined else 0.5) * ((i + 0.5) / len(series) - 0.5)
        look = {"color": color(order.index(name)), "marker": _MARKS[i % 7], "ms": 4.5, "capsize": 2}
        line = "-" if joined else "none"
        ax.errorbar(
            at + beside, mean, np.nan_to_num(spread), ls=line, label=in_legend(name), **look
        )
    ax.set_xticks(at, places)
    ax.set_xlim(-0.5, len(places) - 0.5)
    ax.xaxis.grid(False)
    if len(series) > 1:
        ax.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.12), fontsize=8)
