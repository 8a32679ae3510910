"""Figures drawn in other processes: in their order, the same as here, and errors come back."""

from functools import partial

import numpy as np
import pytest

from normlab.lab.chapter.drawings import points
from normlab.report.figures import Figure
from normlab.report.painters import painters


def figure(name, rows=4):
    x = np.arange(2.0 * rows).reshape(rows, 2)
    draw = partial(points.same_axes, before=x, after=x, names=("a", "b"))
    return Figure(name, draw, "A caption.", f"What is seen in {name}.")


def test_in_order_and_the_same_as_here():
    figures, counts = [figure(f"figure-{i}", 4 + i) for i in range(5)], []
    with painters(2) as painted:
        for one in figures:
            painted.begin(one)
        drawn = painted.finish(counts.append)
    assert [one.name for one in drawn] == [one.name for one in figures]
    assert drawn[-1] == figures[-1].render()
    assert "inlined" in vars(drawn[-1])  # made there, not where the page is put together
    assert counts[-1] == 5


@pytest.mark.parametrize("place", [0, 4])
def test_an_error_comes_back(place):
    """From the process that loads matplotlib, and from its fork."""
    figures = [figure(f"figure-{i}") for i in range(5)]
    figures[place] = Figure("broken", partial(points.same_axes, before=None), "", "")
    with painters(2) as painted:
        for one in figures:
            painted.begin(one)
        with pytest.raises(TypeError, match="same_axes"):
            painted.finish(lambda count: None)
