"""Photographs and what filters make of them."""

from normlab.report.style import subplots


def photographs(rows, titles):
    """Rows of pictures; each column on the grey scale of its first row."""
    figure, axes = subplots(len(rows), len(titles), height=5.6, left=0.4)
    for i, (line, (label, images)) in enumerate(zip(axes, rows.items(), strict=True)):
        for ax, image, title, first in zip(
            line, images, titles, next(iter(rows.values())), strict=True
        ):
            ax.imshow(image, cmap="gray", vmin=first.min(), vmax=first.max())
            ax.set(xticks=[], yticks=[], title="" if i else title)
            ax.grid(False)
        line[0].set_ylabel(label)
    return figure
