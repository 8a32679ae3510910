"""One figure style for the whole project: colours, sizes, and figures made without pyplot.

matplotlib is imported when the first figure is made, so that naming a colour costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from normlab.errors import need

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

# Okabe–Ito, the blues and the orange chosen or darkened so that every colour has a contrast of
# at least 3 on white and on the dark page. Feature i has colour i in every figure.
FEATURES: tuple[str, ...] = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#3e9bd6")
ACCENT = "#c0397b"  # thresholds, and whatever the reader must not miss

# The colours named here are found again in the SVG by their exact values, and follow the page
# from light to dark (figures.inline, page.css); any other colour stays as it is.
INK = "#1b1c20"
MUTED = "#5d6169"
GRID = "#e4e5e9"
PAPER = "#fefefe"  # edges that part overlapping marks
BEFORE = "#8b8f98"  # a neutral pair, where colour does not mean the feature
AFTER = "#34373e"
ADAPTIVE = {
    "ink": INK,
    "muted": MUTED,
    "grid": GRID,
    "paper": PAPER,
    "before": BEFORE,
    "after": AFTER,
    "accent": ACCENT,
    **{f"feature-{i}": color for i, color in enumerate(FEATURES, start=1)},
}

WIDTH = 7.6  # inches: the text column at 100 %, so that 9 pt in a figure is 9 pt on the page
LEFT = 0.66  # inches beside a panel: tick labels of five characters and a label
Share = Literal["none", "x", "y", "both"]

_RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana"],
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 6,
    "axes.titley": 1.0,  # else every panel is measured once more to place its title
    "axes.labelsize": 9.5,
    "axes.labelpad": 3,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "legend.loc": "upper right",  # "best" tries every place against every point: slow
    "legend.handlelength": 1.4,
    "text.color": INK,
    "axes.titlecolor": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "figure.facecolor": "white",
    "lines.linewidth": 1.6,
    "patch.linewidth": 0.6,
    "scatter.edgecolors": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "normlab",
}


def feature_color(i: int) -> str:
    """The colour of feature `i`, counted from 0 as the columns are; the colours come round again.

    >>> feature_color(0) == FEATURES[0] == feature_color(len(FEATURES))
    True
    """
    return FEATURES[i % len(FEATURES)]


def in_legend(name: str) -> str:
    """A name as a label for a legend, which leaves out those that begin with an underscore.

    >>> in_legend("_MyNorm"), in_legend("MyNorm")
    (' _MyNorm', 'MyNorm')
    """
    return f" {name}" if name.startswith("_") else name


@contextmanager
def styled() -> Iterator[None]:
    """The style, for as long as the block runs: ticks are only made when a figure is saved."""
    import matplotlib
    from cycler import cycler

    cycle: dict[Any, Any] = {"axes.prop_cycle": cycler(color=FEATURES)}
    with matplotlib.rc_context(_RC | cycle):
        yield


def subplots(
    rows: int = 1,
    cols: int = 1,
    *,
    width: float = WIDTH,
    height: float | None = None,
    share: Share = "none",
    left: float = LEFT,
    **options: Any,
) -> tuple[Figure, np.ndarray]:
    """A figure and its axes, always an array of `rows` × `cols`; sizes are in inches.

    `left` is the room for tick labels and label beside each panel; widen it for long words.
    Other options go to `Figure.subplots` (`width_ratios`, `subplot_kw` …). A figure's title is
    its caption; panels have titles of their own.

    >>> figure, axes = subplots(2, 3, share="x")
    >>> axes.shape
    (2, 3)
    """
    need("a figure", "report")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = height or 0.55 + rows * (2.9 if cols <= 2 else 2.1)
    with styled():
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        figure.subplots_adjust(**_margins(rows, cols, width, height, share, left))
        options["sharex"] = share in ("x", "both")
        options["sharey"] = share in ("y", "both")
        axes = figure.subplots(rows, cols, squeeze=False, **options)
    for ax in axes.flat:
        if ax.name == "rectilinear":  # a polar panel places its own ticks
            ax.locator_params(nbins=5 if cols <= 2 else 4)
    return figure, axes


def _margins(
    rows: int, cols: int, width: float, height: float, share: Share, left: float
) -> dict[str, float]:
    """Margins for one line of labels a side: a layout engine costs more than drawing does."""
    right, bottom, top = 0.12, 0.47, 0.32
    gap_x = 0.22 if share in ("y", "both") else left
    gap_y = 0.42 if share in ("x", "both") else 0.82
    panel_width = (width - left - right - gap_x * (cols - 1)) / cols
    panel_height = (height - top - bottom - gap_y * (rows - 1)) / rows
    return {
        "left": left / width,
        "right": 1 - right / width,
        "bottom": bottom / height,
        "top": 1 - top / height,
        "wspace": gap_x / panel_width,
        "hspace": gap_y / panel_height,
    }
