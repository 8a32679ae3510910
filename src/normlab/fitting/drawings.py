"""A fit as a figure: plain arrays in, a drawing out."""

from normlab.report.style import ACCENT, AFTER, INK, MUTED, feature_color, subplots

COLUMNS, AT_MOST = 3, 12  # panels in a row, and in a figure


def curves(cells):
    """Mean responses with standard errors, the fitted curve, and the interval of c50, a panel a cell."""
    columns = min(len(cells), COLUMNS)
    rows = -(-len(cells) // columns)
    figure, axes = subplots(rows, columns, height=3.4 if columns == 1 else 0.6 + 2.2 * rows)
    for ax, cell in zip(axes.flat, cells, strict=False):
        _curve(ax, cell, alone=columns == 1)
    for ax in axes.flat[len(cells) :]:
        ax.set_visible(False)
    for ax in axes[:, 0]:
        ax.set_ylabel("response")
    return figure


def _curve(ax, cell, alone):
    seen = cell["contrast"] > 0
    zero = cell["contrast"][seen].min() / 2  # where contrast 0 is drawn, which a log axis has not
    x = [c if c > 0 else zero for c in cell["contrast"]]
    ax.axhline(cell["baseline"], color=MUTED, lw=0.8, ls=":")
    ax.plot(cell["fine"], cell["fitted"], color=feature_color(0))
    ax.errorbar(x, cell["mean"], cell["error"], fmt="o", color=INK, ms=3.5, lw=1)
    value, low, high, response = cell["c50"]
    left, right = zero * 0.8, cell["contrast"].max() * 1.15
    ax.plot(
        [max(low, left), min(high, right)],
        [response] * 2,
        color=ACCENT,
        lw=3,
        solid_capstyle="butt",
    )
    ax.plot([value], [response], "|", color=ACCENT, ms=9, mew=1.6)
    if alone:
        ax.annotate("c50 and its interval", (min(high, right), response), (8, -4),
                    textcoords="offset points", color=ACCENT, va="top")  # fmt: skip
    ax.set(xscale="log", xlabel="contrast", xlim=(left, right), title=cell["title"])
    low_end = min(0.0, cell["mean"].min())
    ax.set_ylim(low_end, 1.12 * max((cell["mean"] + cell["error"]).max(), cell["fitted"].max()))
    _ticks(ax, cell["contrast"][seen], None if seen.all() else zero, few=not alone)


def _ticks(ax, contrast, zero, few):
    """Round contrasts between the first and the last, and 0 where one was shown."""
    steps = (1, 10) if few else (1, 2, 5, 10)
    decades = range(-6, 6)
    round_ = {m * 10.0**e for e in decades for m in steps}
    places = sorted(v for v in round_ if contrast.min() * 0.99 <= v <= contrast.max() * 1.01)
    places = places or [contrast.min(), contrast.max()]
    labels = [f"{v:g}" for v in places]
    if zero is not None:
        places, labels = [zero, *places], ["0", *labels]
    ax.set_xticks(places, labels)
    ax.minorticks_off()


def pool(measured, fitted, away, weights, interval):
    """Measured against fitted responses, and how the pool's weights fall off with tuning."""
    figure, axes = subplots(1, 2)
    left, right = axes[0]
    top = 1.05 * max(measured.max(), fitted.max())
    low = min(0.0, measured.min(), fitted.min())
    left.plot([low, top], [low, top], color=MUTED, lw=0.8, ls="--")
    left.plot(fitted, measured, "o", color=feature_color(0), ms=3, alpha=0.6)
    left.set(xlabel="fitted response", ylabel="measured response", xlim=(low, top), ylim=(low, top))
    left.set_title("responses of all cells")
    right.fill_between(away, *interval, color=feature_color(1), alpha=0.25, lw=0)
    right.plot(away, weights, color=AFTER)
    right.set(xlabel="from the cell's own orientation (°)", ylabel="weight in the pool, relative",
              ylim=(0, None), title="whom the pool holds")  # fmt: skip
    right.set_xticks([-90, -45, 0, 45, 90])
    return figure
