"""Maps over the visual field."""

import numpy as np

from normlab.report.style import ACCENT, subplots


def maps(images, titles, extent, center, unit, curve):
    """Maps with one scale each around `center`, and a curve beside them (or None)."""
    count = len(images) + (curve is not None)
    figure, axes = subplots(1, count, height=2.9, left=0.74)
    for ax, image, title, middle in zip(axes[0], images, titles, center, strict=False):
        reach = float(np.abs(image - middle).max()) or 1.0
        shown = ax.imshow(
            image, cmap="RdBu_r", vmin=middle - reach, vmax=middle + reach, extent=extent
        )
        ax.grid(False)
        ax.set(xlabel="degrees", ylabel="degrees" if ax is axes[0, 0] else "")
        ax.set_title(f"{title} ({unit})" if unit else title)
        figure.colorbar(shown, ax=ax, shrink=0.75)
    if curve is not None:
        _curve(axes[0, -1], **curve)
    return figure


def _curve(ax, x, lines, xlabel, ylabel, title, level=None, octaves=False):
    for i, (label, y) in enumerate(lines.items()):
        ax.plot(x, y, color=("#0072b2", "#d55e00", "#009e73")[i], label=label, lw=1.4)
    if level is not None:
        ax.axhline(level, color=ACCENT, lw=0.9, ls="--", label="blank")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if octaves:
        ticks = np.arange(np.ceil(x.min()), np.floor(x.max()) + 1)
        ax.set_xticks(ticks, [f"{2.0**t:g}" for t in ticks])
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.35 * (high - low))
    ax.legend(loc="upper left", fontsize=8)
