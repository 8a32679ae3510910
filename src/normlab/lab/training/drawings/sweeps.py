"""Curves over a setting that was swept."""

from normlab.lab.training.drawings import color
from normlab.report.style import in_legend, subplots


def sweep(places, curves, shares, xlabel):
    """curves: name → (means, half-widths of intervals) over places on a log axis; shares below them."""
    figure, axes = subplots(2, 1, height=4.6, share="x", height_ratios=(3, 1))
    above, below = axes[:, 0]
    for i, (name, (mean, spread)) in enumerate(curves.items()):
        look = {"color": color(i), "ls": "-" if i <= 5 else "--"}
        above.plot(places, mean, marker="o", ms=3.5, label=in_legend(name), **look)
        above.fill_between(places, mean - spread, mean + spread, color=color(i), alpha=0.12, lw=0)
        below.plot(places, shares[name], marker="o", ms=3.5, **look)
    above.set(ylabel="test accuracy", ylim=(0, 1.02))
    below.set(xscale="log", xlabel=xlabel, ylabel="diverged", ylim=(-0.05, 1.05))
    above.legend(ncols=7, loc="lower left", bbox_to_anchor=(0, 1), columnspacing=1.2)
    return figure
