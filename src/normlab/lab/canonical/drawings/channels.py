"""Channels that inhibit each other."""

import numpy as np

from normlab.report.style import AFTER, BEFORE, subplots


def inhibition(before, after, edge, sharpened, slopes):
    """Activity before and after, an edge before and after, and the derivatives between channels."""
    figure, axes = subplots(1, 3, height=2.9)
    left, middle, right = axes[0]
    place = np.arange(len(before))
    left.bar(place - 0.2, before, 0.4, color=BEFORE, label="input")
    left.bar(place + 0.2, after, 0.4, color=AFTER, label="output × k^β")
    left.set(yscale="log", xlabel="channel", ylabel="activity", ylim=(0.5, 4000))
    left.legend(loc="upper left")
    middle.plot(place, edge, "o-", ms=3, color=BEFORE, label="input")
    middle.plot(place, sharpened, "o-", ms=3, color=AFTER, label="output × k^β")
    middle.set(xlabel="channel", ylim=(0, 1.4 * max(edge)), title="an edge")
    middle.legend(loc="upper left")
    shown = np.where(np.eye(len(slopes), dtype=bool), np.nan, slopes)
    image = right.imshow(shown, aspect="auto", cmap="magma", vmin=np.nanmin(shown), vmax=0)
    right.set(xlabel="channel that grows", title="∂ ln output / ∂ ln input")
    right.grid(visible=False)
    figure.subplots_adjust(right=0.88)
    box = right.get_position()
    figure.colorbar(image, cax=figure.add_axes((0.9, box.y0, 0.015, box.height)))
    return figure


def readings(typed, defaults):
    """The gain by channel (columns) under each reading (rows): numbers typed in, and the defaults."""
    from matplotlib.colors import LogNorm

    scale = LogNorm(3e-4, 1)
    figure, axes = subplots(1, 2, height=2.6, left=1.25, share="y")
    for ax, (title, found) in zip(
        axes[0], (("the paper's numbers as printed", typed), ("defaults", defaults)), strict=True
    ):
        gains = np.array(list(found.values()))
        ax.imshow(gains, aspect="auto", cmap="viridis", norm=scale)
        ax.set_yticks(range(len(found)), list(found))
        ax.set(xlabel="channel", title=title)
        ax.grid(visible=False)
    figure.subplots_adjust(right=0.86, bottom=0.2)
    bar = figure.colorbar(axes[0, 0].images[0], cax=figure.add_axes((0.88, 0.2, 0.02, 0.68)))
    bar.set_label("gain, 1 = no inhibition")
    return figure
