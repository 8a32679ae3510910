"""Courses of training, and effects by batch size or layer."""

from normlab.lab.training.drawings import color
from normlab.report.style import in_legend, subplots


def faster(steps, curves, percentiles):
    """curves: name → (means, half-widths); percentiles: name → (marks, 3), one network's."""
    figure, axes = subplots(1, 1 + len(percentiles), height=3.2)
    _courses(axes[0, 0], steps, curves)
    axes[0, 0].set(
        xlabel="step", ylabel="test accuracy", xscale="log", ylim=(0, 1.02), title="accuracy"
    )
    axes[0, 0].legend(loc="lower right")
    for ax, (i, (name, found)) in zip(axes[0, 1:], enumerate(percentiles.items()), strict=True):
        for place, style in enumerate(("--", "-", "--")):
            ax.plot(steps, found[:, place], color=color(i), ls=style)
        ax.set(
            xlabel="step",
            xscale="log",
            title=f"input of a sigmoid, {name}",
            ylim=_around(*percentiles.values()),
        )
    return figure


def bars(groups, values, ylabels, xlabel):
    """values: one name → (means, half-widths) over the groups for each panel."""
    figure, axes = subplots(1, len(values), height=3.3)
    for ax, panel, ylabel in zip(axes[0], values, ylabels, strict=True):
        for i, (name, (mean, spread)) in enumerate(panel.items()):
            at = [place + (i - (len(panel) - 1) / 2) * 0.16 for place in range(len(groups))]
            ax.errorbar(at, mean, spread, fmt="o", ms=4, color=color(i), label=in_legend(name))
        ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(-0.5, len(groups) - 0.5))
        ax.set_xticks(range(len(groups)), groups)
    axes[0, 0].legend(
        ncols=len(values[0]), loc="lower left", bbox_to_anchor=(0, 1), columnspacing=1
    )
    return figure


def panels(steps, measures):
    """measures: title → name → (means, lower ends, upper ends) over steps, on log axes."""
    from matplotlib.ticker import LogFormatter

    figure, axes = subplots(1, len(measures), height=3.0)
    for ax, (title, curves) in zip(axes[0], measures.items(), strict=True):
        for i, (name, (mean, low, high)) in enumerate(curves.items()):
            ax.plot(steps, mean, color=color(i), label=in_legend(name))
            ax.fill_between(steps, low, high, color=color(i), alpha=0.15, lw=0)
        means = [mean for mean, _, _ in curves.values()]
        low, high = min(map(min, means)), max(map(max, means))
        ax.set(xlabel="step", title=title, yscale="log", ylim=(low / 2, high * 2))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.6)))
    axes[0, 0].legend(loc="best")
    return figure


def shift(steps, accuracy, measures):
    """measures: title → (log?, layers, name → (means, half-widths) over the layers)."""
    figure, axes = subplots(2, 2, height=5.4)
    _courses(axes[0, 0], steps, accuracy)
    axes[0, 0].set(xlabel="step", title="test accuracy", ylim=(0, 1.02))
    axes[0, 0].legend(loc="lower right")
    for ax, (title, (log, layers, curves)) in zip(axes.flat[1:], measures.items(), strict=True):
        _courses(ax, layers, curves, marker="o", ms=3.5)
        ax.set(xlabel="layer", title=title, yscale="log" if log else "linear")
        ax.set_xticks(layers)
    return figure


def _courses(ax, places, curves, **look):
    for i, (name, (mean, spread)) in enumerate(curves.items()):
        ax.plot(places, mean, color=color(i), label=in_legend(name), **look)
        ax.fill_between(places, mean - spread, mean + spread, color=color(i), alpha=0.15, lw=0)


def _around(*found):
    """Limits for all of the arrays, so that panels can be compared."""
    low, high = min(a.min() for a in found), max(a.max() for a in found)
    return low - 0.05 * (high - low), high + 0.05 * (high - low)
