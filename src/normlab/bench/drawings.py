"""Timings as a figure: plain numbers in, a drawing out."""

from normlab.report.style import INK, MUTED, feature_color, subplots


def speeds(rows):
    """A line for each layer: times as fast as torch, forward and with backward, with quartiles."""
    longest = max(len(name) for name, _ in rows)
    figure, axes = subplots(1, 1, height=1.4 + 0.28 * len(rows), left=0.3 + 0.078 * longest)
    ax = axes.flat[0]
    ax.axvline(1.0, color=MUTED, lw=1)
    for i, name in enumerate(("forward", "with backward")):
        middle, low, high = zip(*(both[i] for _, both in rows), strict=True)
        at = [place + (0.16 if i else -0.16) for place in range(len(rows))]
        away = [
            [m - a for m, a in zip(middle, low, strict=True)],
            [b - m for m, b in zip(middle, high, strict=True)],
        ]
        ax.errorbar(
            middle, at, xerr=away, fmt="o" if i == 0 else "s", color=feature_color(i), ms=4, lw=1, label=name
        )  # fmt: skip
    ax.set_xscale("log")
    least, most = ax.get_xlim()
    marks = [v for v in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100) if least <= v <= most]
    ax.set_xticks(marks, [f"{v:g}" for v in marks])
    ax.minorticks_off()
    ax.set_yticks(range(len(rows)), [name for name, _ in rows], color=INK)
    ax.invert_yaxis()
    ax.set_xlabel("times as fast as torch")
    ax.legend(loc="lower right")
    return figure
