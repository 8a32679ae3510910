"""Response curves: contrast, light, odours, attention."""

from normlab.report.style import ACCENT, AFTER, BEFORE, INK, MUTED, feature_color, subplots


def session(contrast, response, error, fine, fitted, truth, c50, half):
    """Mean rates with their errors, the fitted curve, and the interval of c50."""
    figure, axes = subplots(1, 1, height=3.2)
    ax = axes[0, 0]
    ax.plot(fine, truth, color=BEFORE, ls="--", lw=1.2, label="the cell simulated")
    ax.plot(fine, fitted, color=AFTER, label="fit")
    ax.errorbar(contrast, response, error, fmt="o", color=INK, ms=4, lw=1, label="one session")
    value, low, high = c50
    ax.plot([low, high], [half, half], color=ACCENT, lw=4, solid_capstyle="butt")
    ax.plot([value], [half], "|", color=ACCENT, ms=9, mew=2, label="c50 and its interval")
    ax.set(xscale="log", xlabel="contrast (%)", ylabel="response (spikes/s)", ylim=(0, None))
    ax.set_xticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
    ax.legend(loc="upper left")
    return figure


def pools(fine, by_angle, by_mask):
    """Contrast responses by orientation under two pools, and by the contrast of a mask."""
    figure, axes = subplots(1, 3, height=2.9, share="y")
    panels = [(f"divided by {name}", found, "{:g}°") for name, found in by_angle.items()]
    panels.append(("with a mask", by_mask, "mask {:g} %"))
    for ax, (title, found, label) in zip(axes[0], panels, strict=True):
        for i, (key, (curve, c50)) in enumerate(found.items()):
            ax.plot(fine, curve, color=feature_color(i), label=label.format(key))
            if fine[0] <= c50 <= fine[-1]:
                ax.plot([c50], [0], "|", color=feature_color(i), ms=14, mew=2, clip_on=False)
        ax.set(xscale="log", xlabel="contrast (%)", title=title, ylim=(0, 150))
        ax.set_xticks([2, 10, 50], ["2", "10", "50"])
        ax.axhline(0, color=MUTED, lw=0.8)
        ax.legend(loc="upper left", ncols=2, columnspacing=0.8, handlelength=1)
    axes[0, 0].set(ylabel="response (spikes/s)")
    return figure


def attention(contrast, responses, published):
    """Attended and unattended responses in two cases, and their ratios."""
    figure, axes = subplots(1, 3, height=2.9)
    last = axes[0, 2]
    for i, (ax, (name, (attended, unattended))) in enumerate(
        zip(axes[0], responses.items(), strict=False)
    ):
        ax.plot(contrast, attended, color=feature_color(i), label="attended")
        ax.plot(contrast, unattended, color=feature_color(i), ls="--", label="unattended")
        ax.set(xscale="log", xlabel="contrast", title=name, ylim=(0, 1.3 * max(attended)))
        ax.legend(loc="upper left")
        last.plot(contrast, attended / unattended, color=feature_color(i), label=name)
        at, ratio = published[i]
        last.plot(at, ratio, "o", color=feature_color(i), mfc="none", ms=7, mew=1.4)
    axes[0, 0].set(ylabel="response")
    last.set(xscale="log", xlabel="contrast", title="attended / unattended", ylim=(0.9, 2.5))
    last.legend(loc="upper right")
    for ax in axes[0]:
        ax.set_xticks([1e-6, 1e-4, 1e-2, 1])
    return figure


def adaptation(light, responses, half, sigma):
    """Responses to flashes on several backgrounds, and their half-points."""
    figure, axes = subplots(1, 2)
    left, right = axes[0]
    for i, (background, response) in enumerate(responses.items()):
        left.plot(light, response, color=feature_color(i), label=f"{background:g}")
    left.set(xscale="log", xlabel="flash (σ)", ylabel="response", ylim=(0, 1.45))
    left.legend(
        title="background (σ)", loc="upper left", ncols=5, columnspacing=0.8, handlelength=1
    )
    seen = {b: h for b, h in half.items() if b > 0}
    right.plot(list(seen), list(seen), color=MUTED, ls="--", lw=1, label="Weber's law")
    right.plot(list(seen), list(seen.values()), "o", color=AFTER, ms=5, label="half-point")
    right.axhline(sigma, color=MUTED, lw=0.8, ls=":")
    right.set(
        xscale="log", yscale="log", xlabel="background (σ)", ylabel="flash of half response (σ)"
    )
    right.legend(loc="upper left")
    return figure


def olfaction(rate, private, lateral, half):
    """Projection neurons against their receptors' rate: four glomeruli, and one under lateral input."""
    figure, axes = subplots(1, 2, share="y")
    left, right = axes[0]
    for i, (name, response) in enumerate(private.items()):
        left.plot(rate, response, color=feature_color(i), label=name)
    for i, (total, response) in enumerate(lateral.items()):
        right.plot(rate, response, color=feature_color(i), label=f"ΣORN {total:g}")
        right.plot([half[total]], [0], "|", color=feature_color(i), ms=14, mew=2, clip_on=False)
    for ax, title in ((left, "one receptor alone"), (right, "VM7, with all receptors")):
        ax.set(xscale="log", xlabel="receptor neurons (spikes/s)", title=title, ylim=(0, 230))
        ax.set_xticks([1, 10, 100], ["1", "10", "100"])
        ax.legend(loc="upper left", ncols=2)
    left.set(ylabel="projection neuron (spikes/s)")
    return figure
