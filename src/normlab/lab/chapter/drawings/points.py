"""Tables of points: scatter, histograms, the same before and after."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from normlab.report.figures import rasterize
from normlab.report.style import AFTER, BEFORE, INK, MUTED, feature_color, in_legend, subplots

PAIRS = 4  # features in a grid of pairs
HISTOGRAMS = 24
BINS = 20


def cloud(ax: Any, x: np.ndarray, names: Sequence[str], color: str, panels: int = 1):
    """The first two features against each other, or the only one against the row's number."""
    many = len(x) > 400
    alpha = max(0.03, 0.35 * (400 / len(x)) ** 0.5) if many else 0.65
    first, second = (x[:, 0], x[:, 1]) if x.shape[1] > 1 else (np.arange(1, len(x) + 1), x[:, 0])
    ax.plot(
        first, second, ".", color=color, alpha=alpha, ms=4 if many else 7,
        mew=0, rasterized=rasterize(panels * len(x)),
    )  # fmt: skip
    ax.set_xlabel(names[0] if x.shape[1] > 1 else "row")
    ax.set_ylabel(names[1] if x.shape[1] > 1 else names[0])
    frame(ax, first, second, rounding(x, color))


def rounding(x: np.ndarray, color: str) -> float:
    """Differences below this part of the values are not shown: in outputs sooner than in data."""
    return 1e-3 if color == AFTER else 64 * float(np.finfo(x.dtype).eps)


def frame(ax: Any, first: np.ndarray, second: np.ndarray, least: float):
    """Never zoom into rounding, and keep the power of ten away from the title."""
    for values, put in ((first, ax.set_xlim), (second, ax.set_ylim)):
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        if high - low <= least * max(abs(low), abs(high)):
            middle = (low + high) / 2
            put(middle - 0.5 * (abs(middle) or 1.0), middle + 0.5 * (abs(middle) or 1.0))
    aside(ax)


def few_ticks(ax: Any, most: int = 3):
    """For small panels, where −0.375 is as long as a third of one."""
    ax.locator_params(
        nbins=most, steps=[1, 2, 4, 5, 10]
    )  # by 4: two ticks where 5 has one and 2 has four


def aside(ax: Any):
    """The power of ten of the y axis over its ticks, where it does not run into the title."""
    ax.yaxis.get_offset_text().set_horizontalalignment("right")


def bars(ax: Any, values: np.ndarray, bins: int = BINS, least: float = 0.0, **style: Any):
    """A histogram from the lowest to the highest finite value, at least so wide.

    Values that differ by rounding only are not taken apart, which numpy refuses to do.
    """
    values = values[np.isfinite(values)]
    ax.hist(
        values, bins=_edges(values, bins, least), **{"histtype": "stepfilled"} | style
    )  # one path, not one for each bar


def _edges(values: np.ndarray, bins: int = BINS, least: float = 0.0) -> np.ndarray:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    middle, half = (low + high) / 2, max(high - low, least) / 2
    if high - low <= 128 * np.finfo(values.dtype).eps * max(abs(low), abs(high)):
        half = least / 2 or 0.5 * (abs(middle) or 1.0)
    return np.linspace(middle - half, middle + half, bins + 1)


def histograms(ax: Any, x: np.ndarray, names: Sequence[str], limit: int = 5):
    """Each feature's histogram in its colour, as the chapter draws them: 20 bins."""
    finite = x[:, :limit][np.isfinite(x[:, :limit])]
    least = float(np.ptp(finite)) / 6 if finite.size else 0.0  # beside a wide one, a bar to see
    for i in range(min(x.shape[1], limit)):
        bars(ax, x[:, i], least=least, alpha=0.6, color=feature_color(i), label=in_legend(names[i]))
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
    """The first few features against each other, their histograms on the diagonal.

    Panels of a column have one scale, and so have those of a row; ticks stand at the edge alone.
    """
    n = min(x.shape[1], PAIRS)
    figure, axes = subplots(n, n, height=1.5 * n + 0.6)
    figure.subplots_adjust(hspace=0.12, wspace=0.12)
    least = rounding(x, color)
    for i in range(n):
        for j in range(n):
            ax = axes[i, j]
            if i == j:
                bars(ax, x[:, i], color=feature_color(i), alpha=0.8)
            else:
                frame(ax, x[:, j], x[:, i], least)
                ax.plot(x[:, j], x[:, i], ".", ms=3 if len(x) > 500 else 5, mew=0, color=color,
                        alpha=0.6, rasterized=rasterize(n * (n - 1) * len(x)))  # fmt: skip
                first = 0 if i else 1
                if j != first:
                    ax.sharey(axes[i, first])
            if i:
                ax.sharex(axes[0, j])
            few_ticks(ax)
            ax.tick_params(labelbottom=i == n - 1, labelleft=j == 0 and i > 0)
            ax.set_xlabel(_short(names[j]) if i == n - 1 else "")
            ax.set_ylabel(_short(names[i]) if j == 0 else "")
    return figure


def all_histograms(before, after, names):
    """Every feature's histogram, before and after: as many panels in one pair of axes, which draws them
    in a third of the time. Each is as wide and as high as its own numbers ask for.
    """
    n = min(before.shape[1], HISTOGRAMS)
    cols = min(n, 4)
    rows = -(-n // cols)
    figure, axes = subplots(height=1.9 * rows)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.99)  # there are no labels
    ax = axes[0, 0]
    ax.set_axis_off()
    ax.set(xlim=(0, cols), ylim=(2 * rows, 0))
    for i in range(n):
        left, top = i % cols, 2 * (i // cols)
        ax.text(left + 0.5, top + 0.16, _short(names[i]), ha="center", fontsize=9)
        _panel(ax, before[:, i], left, top + 1, BEFORE)
        _panel(ax, after[:, i], left, top + 1.9, feature_color(i))
    return figure


def _panel(ax: Any, values: np.ndarray, left: float, bottom: float, color: str):
    """A histogram without axes, over a line with its lowest and its highest value."""
    values = values[np.isfinite(values)]
    edges = _edges(values)
    counts = np.histogram(values, edges)[0]
    across = left + 0.06 + 0.88 * np.linspace(0, 1, len(edges))
    up = bottom - 0.2 - 0.56 * counts / max(counts.max(), 1)
    ends = [bottom - 0.2]
    ax.fill(np.repeat(across, 2), np.concatenate([ends, np.repeat(up, 2), ends]), color=color, lw=0)
    ax.plot(across[[0, -1]], ends * 2, color=INK, lw=0.6)
    for place, value, side in ((0, edges[0], "left"), (-1, edges[-1], "right")):
        ax.text(across[place], bottom - 0.04, _end(value), ha=side, fontsize=8, color=MUTED)


def _end(value: float) -> str:
    """
    >>> _end(-2.034), _end(2501.3), _end(1e-7)
    ('−2.03', '2,501', '1e−07')
    """
    text = f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
    return text.replace("-", "−")


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
    figure, axes = subplots(1, 3, height=2.9, left=0.74)
    cloud(axes[0, 0], before, names, BEFORE)
    cloud(axes[0, 1], hand, names, AFTER)
    for ax in axes[0, :2]:
        few_ticks(ax, 4)
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
        cloud(ax, x, ("", ""), color, panels=len(clouds))
        ax.set(xlabel="", ylabel="")
        ax.set_title(name, fontsize=9)
        few_ticks(ax, 2)
        ax.margins(0.12)
    return figure


def legend_above(figure: Any, ax: Any, names: Sequence[str]):
    """The features' names in a line of their own, where no curve runs through them."""
    height = figure.get_figheight()
    figure.set_figheight(height + 0.3)
    edge = {"bottom": figure.subplotpars.bottom, "top": figure.subplotpars.top}
    share = height / (height + 0.3)
    figure.subplots_adjust(**{side: value * share for side, value in edge.items()})
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=line.get_color(), lw=2) for line in ax.get_lines()[: len(names)]]
    labels = [_short(name) for name in names[: len(lines)]]
    figure.legend(lines, labels, loc="upper center", ncols=len(lines))


def _short(name: str, limit: int = 18) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"
