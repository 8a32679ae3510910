"""Photographs and what filters make of them."""

from normlab.report.style import subplots


def photographs(rows, titles):
    """Rows of pictures; the first two on one grey scale, the others each on its own."""
    figure, axes = subplots(
        len(rows), len(titles), height=0.4 + 2.15 * len(rows), left=0.4, share="both"
    )
    first = next(iter(rows.values()))
    for i, (line, (label, images)) in enumerate(zip(axes, rows.items(), strict=True)):
        for ax, image, title, scale in zip(
            line, images, titles, first if i < 2 else images, strict=True
        ):
            ax.imshow(image, cmap="gray", vmin=scale.min(), vmax=scale.max())
            ax.set(xticks=[], yticks=[], title="" if i else title)
            ax.grid(False)
        line[0].set_ylabel(label)
    return figure
