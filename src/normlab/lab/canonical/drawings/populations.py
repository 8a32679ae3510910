"""Responses of populations."""

from normlab.report.style import AFTER, FEATURES, subplots


def plaids(preferred, contrasts, both, first, second):
    """A grid of profiles: contrast of one grating by row, of the other by column."""
    count = len(contrasts)
    figure, axes = subplots(count, count, height=5.6, share="both", left=0.72)
    for row in range(count):
        for col in range(count):
            ax = axes[row, col]
            ax.plot(preferred, first[row], color=FEATURES[0], lw=0.9)
            ax.plot(preferred, second[col], color=FEATURES[1], lw=0.9)
            ax.plot(preferred, both[row, col], color=AFTER, lw=2)
            ax.set(ylim=(0, 1), yticks=[0, 0.5, 1])
            ax.set_xticks([-90, 0, 90])
        axes[row, 0].set_ylabel(f"{contrasts[row]:g} %")
    for col in range(count):
        axes[0, col].set_title(f"with {contrasts[col]:g} %")
        axes[-1, col].set_xlabel("preferred (°)")
    return figure
