"""Pictures of pictures."""

import numpy as np

from normlab.report.style import subplots


def small(image: np.ndarray, step: int = 2) -> np.ndarray:
    """Every other pixel: enough for a panel."""
    return np.ascontiguousarray(image[::step, ::step], dtype=np.float32)


def row(pictures):
    """Pictures side by side, each in its own grey scale from 0 to its brightest hundredth."""
    height, width = next(iter(pictures.values())).shape
    figure, axes = subplots(1, len(pictures), height=0.5 + 2.35 * height / width, left=0.1)
    for ax, (title, picture) in zip(axes[0], pictures.items(), strict=True):
        top = np.quantile(picture, 0.99)
        ax.imshow(picture, cmap="gray", vmin=0, vmax=top, interpolation="antialiased")
        ax.set(title=title)
        ax.set_axis_off()
    figure.subplots_adjust(bottom=0.02, top=0.9)
    return figure
