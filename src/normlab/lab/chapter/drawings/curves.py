"""Curves, bars and traces of the chapter."""

import numpy as np

from normlab.lab.chapter.drawings.points import aside, bars, legend_above
from normlab.report.figures import rasterize
from normlab.report.style import (
    ACCENT,
    AFTER,
    BEFORE,
    FEATURES,
    INK,
    MUTED,
    feature_color,
    subplots,
)

SHOWN = 5  # features, as many as there are colours


def descent(eigenvalues, losses, steps):
    """Left: curvatures of the loss; right: loss against steps of gradient descent."""
    figure, axes = subplots(1, 2)
    left, right = axes[0]
    for (name, values), color, shift in zip(
        eigenvalues.items(), (BEFORE, AFTER), (-0.18, 0.18), strict=True
    ):
        place = np.arange(1, len(values) + 1) + shift
        left.bar(place, values, 0.34, color=color, label=name)
    left.set(yscale="log", xlabel="direction", ylabel="curvature of the loss")
    left.set_title("eigenvalues of the Hessian")
    left.xaxis.get_major_locator().set_params(integer=True)
    for (name, loss), color in zip(losses.items(), (BEFORE, AFTER), strict=True):
        right.plot(steps, np.maximum(loss, 1e-30), color=color, label=name, lw=2)
    right.set(xscale="log", yscale="log", xlabel="step", ylabel="excess loss, relative")
    right.set_ylim(1e-6, 3)
    right.set_title("gradient descent")
    legend_above(figure, right, tuple(losses))
    return figure


def brain(contrast, by_sigma, by_power, angles, alone, crowded):
    """Response against contrast for several σ and n, and a population with a strong neighbour."""
    figure, axes = subplots(1, 3, height=2.9)
    for ax, curves, symbol in ((axes[0, 0], by_sigma, "σ"), (axes[0, 1], by_power, "n")):
        for i, (value, response) in enumerate(curves.items()):
            ax.plot(contrast, response, color=FEATURES[i], label=f"{symbol} = {value:g}")
        ax.set(
            xscale="log", xlabel="contrast (%)", ylim=(0, 1.5 * max(map(np.max, curves.values())))
        )
        ax.legend(loc="upper left")
    axes[0, 0].set(ylabel="response (spikes/s)", title="semi-saturation σ")
    axes[0, 1].set_title("exponent n")
    last = axes[0, 2]
    last.plot(angles, alone, "o-", color=AFTER, ms=4, label="alone")
    last.plot(angles, crowded, "o-", color=ACCENT, ms=4, label="with a strong neighbour")
    top = 1.35 * max(alone.max(), crowded.max())
    last.set(xlabel="preferred orientation (°)", title="a population", ylim=(0, top))
    last.set_xticks([0, 45, 90, 135])
    last.legend(loc="upper left")
    return figure


def lateral_inhibition(channels, before, after, gains, alone):
    """One strong channel among equals: activities, and the gain under the two readings of α."""
    figure, axes = subplots(1, 2)
    left, right = axes[0]
    left.bar(channels - 0.2, before, 0.4, color=BEFORE, label="input")
    left.bar(channels + 0.2, after, 0.4, color=AFTER, label="output × k^β")
    left.set(xlabel="channel", ylabel="activity", yscale="log", title="a strong channel")
    left.margins(y=0.25)
    left.legend()
    for i, (name, gain) in enumerate(gains.items()):
        right.plot(channels, gain, "o-", ms=4, color=FEATURES[i], label=name)
    right.axhline(alone, color=MUTED, lw=0.8, ls="--")
    right.set(xlabel="channel", ylabel="gain, 1 = no inhibition", ylim=(0, 1.42))
    right.set_title("α against α/n")
    right.legend()
    return figure


def batches(means, variances, names, places=None):
    """Mean and variance of every batch, before and after: rows are statistics, columns stages."""
    places = np.arange(1, len(means[0]) + 1) if places is None else places
    figure, axes = subplots(2, 2, height=4.3)
    for row, (label, stages) in enumerate({"mean": means, "variance": variances}.items()):
        for col, (stage, values) in enumerate(zip(("before", "after"), stages, strict=True)):
            ax = axes[row, col]
            many = len(values) > 200
            look = {"ms": 1.5, "lw": 0, "alpha": 0.3} if many else {"ms": 3.5, "lw": 1}
            for i in range(min(values.shape[1], SHOWN)):
                ax.plot(
                    places, values[:, i], "o-", mew=0, **look,
                    color=feature_color(i), rasterized=rasterize(4 * SHOWN * len(values)),
                )  # fmt: skip
            ax.set_title(f"{label}, {stage}")
            ax.set_xlabel("batch" if row else "")
            ax.xaxis.get_major_locator().set_params(integer=True)
            aside(ax)
    size = np.sqrt(np.mean(means[1][:, :SHOWN] ** 2 + variances[1][:, :SHOWN]))
    _keep_scale(axes[0, 1], size)
    _keep_scale(axes[1, 1], size**2)
    legend_above(figure, axes[0, 0], names)
    return figure


def _keep_scale(ax, size):
    """After normalising, rounding noise must not fill the panel; size is that of the outputs."""
    low, high = ax.get_ylim()
    if high - low < 0.2 * size:
        ax.set_ylim((low + high) / 2 - 0.5 * size, (low + high) / 2 + 0.5 * size)


def way_back(by_hand, autograd, jacobian, point, together):
    """How one output depends on each input it is pooled with, by hand and by autograd."""
    figure, axes = subplots(1, 2, width_ratios=(1.25, 1))
    left, right = axes[0]
    place = np.arange(1, len(by_hand) + 1)
    colors = [ACCENT if i == point else BEFORE for i in range(len(by_hand))]
    left.bar(place, by_hand, color=colors, width=0.7)
    left.plot(place, autograd, "o", ms=5, color=INK, label="autograd")
    left.axhline(0, color=MUTED, lw=0.8)
    one, pool = ("point", "batch") if together else ("feature", "sample")
    left.set(xlabel=f"{one} of the {pool}", ylabel=f"∂y of {one} {point + 1} / ∂x")
    left.set_title("bars by hand, dots by autograd")
    left.margins(y=0.2)
    left.legend()
    limit = np.abs(jacobian).max() or 1.0
    ends = (0.5, len(jacobian) + 0.5)
    image = right.imshow(
        jacobian, cmap="RdBu_r", vmin=-limit, vmax=limit, extent=(*ends, *ends[::-1])
    )
    right.grid(False)
    right.set(xlabel="input", ylabel="output", title=f"the whole {pool}")
    aside(left)
    for axis in (left.xaxis, right.xaxis, right.yaxis):
        axis.get_major_locator().set_params(integer=True)
    figure.colorbar(image, ax=right, shrink=0.85, format=_short_ticks())
    return figure


def _short_ticks():
    """As short as those of numbers near 1, with a power of ten above them."""
    from matplotlib.ticker import ScalarFormatter

    formatter = ScalarFormatter()
    formatter.set_powerlimits((-1, 2))
    return formatter


def running(steps, mean, var, true_mean, true_var, epoch, names, train, evaluated):
    """Running statistics over the steps, with the data's own dashed; training against evaluation."""
    figure, axes = subplots(1, 3, height=2.9)
    for ax, values, target, title in (
        (axes[0, 0], mean, true_mean, "running mean"),
        (axes[0, 1], var, true_var, "running variance"),
    ):
        shown = range(min(values.shape[1], SHOWN))
        for i in shown:
            ax.plot(steps, values[:, i], color=feature_color(i), lw=1.2)
        for i in shown:
            ax.axhline(target[i], color=feature_color(i), lw=0.9, ls="--")
        if epoch is not None:
            ax.axvline(epoch, color=MUTED, lw=0.8, ls=":")
        ax.set(xlabel="step", title=title)
        aside(ax)
    last = axes[0, 2]
    for i in range(min(train.shape[1], SHOWN)):
        last.plot(
            train[:, i], evaluated[:, i], ".", ms=4, mew=0, alpha=0.6,
            color=feature_color(i), rasterized=rasterize(SHOWN * len(train)),
        )  # fmt: skip
    ends = [min(train.min(), evaluated.min()), max(train.max(), evaluated.max())]
    last.plot(ends, ends, color=MUTED, lw=0.8)
    last.set(xlabel="y in training", ylabel="y in evaluation", title="train against eval")
    legend_above(figure, axes[0, 0], names[: len(shown)])
    return figure


def affine(outputs, name):
    """The first feature's distribution as weight and bias move."""
    figure, axes = subplots(1, 2, share="both")
    for ax, (title, group) in zip(axes[0], outputs.items(), strict=True):
        for i, (label, values) in enumerate(group.items()):
            bars(ax, values, histtype="step", lw=1.8, color=FEATURES[i], label=label)
        ax.set(xlabel=f"y, {name}", title=title)
        ax.margins(y=0.35)
        ax.legend(loc="upper left")
    axes[0, 0].set_ylabel("frequency")
    return figure


def size_and_outliers(sizes, noise, theory, amplitudes, outlier, others, bound):
    """Noise of the batch mean against batch size; one outlier squeezing its batch."""
    figure, axes = subplots(1, 2)
    left, right = axes[0]
    left.plot(sizes, noise, "o-", color=AFTER, ms=5, label="measured")
    left.plot(sizes, theory, "--", color=ACCENT, label="1/√batch size")
    left.set(xscale="log", yscale="log", xlabel="batch size", title="noise of the batch mean")
    left.set_xticks(sizes, [str(size) for size in sizes])
    left.set_yticks(theory, [f"{value:.2f}" for value in theory])
    left.minorticks_off()
    left.set_ylabel("spread of batch means (data stds)")
    left.legend(loc="lower left")  # below the theory's line, where sorted rows put no point
    right.plot(amplitudes, outlier, color=ACCENT, label="the outlier")
    right.plot(amplitudes, others, color=AFTER, label="spread of the others")
    right.axhline(bound, color=MUTED, lw=0.8, ls="--", label="√(batch size − 1)")
    right.set(xlabel="outlier's distance (stds)", ylabel="after normalising")
    right.set_title("one outlier in a batch")
    right.set_ylim(0, 1.7 * max(bound, 1))
    right.legend(loc="upper right")
    return figure
