"""Loss over steps, of optimisers on several inputs."""

from normlab.report.style import ACCENT, feature_color, subplots

_TITLES = {"sgd": "gradient descent", "adam": "Adam"}
_COLORS = {"raw": feature_color(1), "standardised": feature_color(0)}


def descents(places, curves, target):
    figure, axes = subplots(1, 2, height=3.2, share="y")
    for ax, (optimizer, title) in zip(axes[0], _TITLES.items(), strict=True):
        for name, color in _COLORS.items():
            ax.plot(places[optimizer, name], curves[optimizer, name], color=color, label=name)
        ax.axhline(target, color=ACCENT, lw=1, ls="--")
        ax.set(xscale="log", yscale="log", xlabel="steps", title=title)
        for axis in (ax.xaxis, ax.yaxis):  # within a decade they would push the axis' own label out
            axis.set_minor_formatter("")
    axes[0, 0].set(ylabel="loss")
    axes[0, 1].legend(loc="lower left")
    return figure
