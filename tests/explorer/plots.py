"""What is drawn, read off the plot as a person would: marks against the ticks of the axes."""

import math

from checks import number

PIXEL = 0.05  # of plot units: marks and ticks are each rounded to a hundredth

_TICKS = """plot => [...plot.querySelectorAll(".axis")].map((axis) =>
  [...axis.querySelectorAll("g")].map((mark) => [
    mark.lastChild.textContent,
    ...["x1", "y1"].map((name) => Number(mark.firstChild.getAttribute(name))),
  ]))"""


class Plot:
    """The scales of a plot with axes, by its ticks alone: `x(value)` and `y(value)` in plot units."""

    def __init__(self, plot, log=False):
        self.plot = plot
        across, up = plot.evaluate(_TICKS)
        scale = math.log10 if log else float
        self.x = _through([(scale(number(text)), x) for text, x, _ in across])
        self.y = _through([(number(text), y) for text, _, y in up])

    def at(self, selector, names=("cx", "cy")):
        """Where the marks are."""
        found = self.plot.locator(selector).evaluate_all(
            "(all, names) => all.map(e => names.map(name => Number(e.getAttribute(name))))", names
        )
        return [tuple(place) for place in found]


def _through(ticks):
    """The line through the first and the last tick."""
    (low, start), (high, end) = ticks[0], ticks[-1]
    factor = (end - start) / (high - low)
    return lambda value: start + (value - low) * factor


def near(place, expected, far=360):
    """Within rounding; beyond the frame the ticks' own rounding grows with the distance."""
    return abs(place - expected) <= PIXEL * max(1.0, abs(expected) / far * 4)
