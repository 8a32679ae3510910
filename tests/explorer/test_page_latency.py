"""How soon the picture follows: single presses, sixty fast ones, and ten thousand points."""

import math

import pytest
from latency import FRAME, STAMPS, Stopwatch, median_and_p95
from playwright.sync_api import expect

pytestmark = pytest.mark.timing
TRIES, OPENINGS = 6, 20
CIRCLES = (
    "all => all.map(e => [e.getAttribute('cx'), e.getAttribute('cy'), e.getAttribute('class')])"
)

# pixels of a canvas within the axes of its plot, and beyond them
PAINTED = """all => all.map((canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const area = canvas.parentElement.querySelector(".paper");
  const [x, y, w, h] = ["x", "y", "width", "height"].map(
    (name) => (area.getAttribute(name) * width) / 360);
  const found = [0, 0];
  for (let i = 0; i < width * height; i++) {
    if (!data[4 * i + 3]) continue;
    const [across, down] = [i % width, Math.floor(i / width)];
    const inside = across >= x - 2 && across <= x + w + 2 && down >= y - 2 && down <= y + h + 2;
    found[inside ? 0 : 1] += 1;
  }
  return found;
})"""


def fast_enough(measure, *, median, p95=math.inf):
    """Some tries, since the machine may be busy with something else; no laxer the last time."""
    told = []
    for _ in range(TRIES):
        found = median_and_p95(measure())
        told.append(found)
        if found[0] < median and found[1] < p95:
            return
    raise AssertionError(f"milliseconds (median, 95th percentile): {told}")


def test_a_press_on_the_slider_of_the_batch_size_is_soon_in_the_picture(at):
    watch = Stopwatch(at(script=STAMPS, batch_size=64))
    fast_enough(lambda: watch.presses("batch_size"), median=50, p95=120)


def test_ten_thousand_points_are_usable(at):
    explorer = at(script=STAMPS, n=10_000, batch_size=100)
    expect(explorer[".cloud canvas.many"].first).to_be_visible()
    watch = Stopwatch(explorer)
    fast_enough(lambda: watch.presses("weight", 15), median=100)


def test_ten_thousand_points_stay_within_the_axes_and_below_the_ring(at):
    explorer = at(n=10_000, batch_size=100)
    painted = explorer["canvas.many"].evaluate_all(PAINTED)
    assert [inside > 1000 for inside, _ in painted] == [True, True]
    assert [outside for _, outside in painted] == [0, 0]
    for stage in ("before", "after"):
        assert (
            explorer[f".scatter.{stage}"].evaluate("e => getComputedStyle(e).position")
            == "relative"
        )


def test_the_first_plot_is_there_soon_and_the_page_is_small(at):
    firsts = []
    while not any(0 < first < 700 for first in firsts):
        assert len(firsts) < OPENINGS, f"milliseconds to the first plot: {firsts}"
        firsts.append(Stopwatch(at(script=STAMPS)).first)
    sizes = at().page.evaluate(
        "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
        ".map(entry => entry.encodedBodySize)"
    )
    assert 300_000 < sum(sizes) < 1_000_000


def test_after_sixty_fast_presses_the_picture_is_that_of_the_last(at):
    explorer = at(script=STAMPS, batch_size=30)
    slider = explorer.control("batch_size")
    slider.focus()
    for _ in range(40):
        explorer.page.keyboard.down("ArrowRight")  # held: it repeats without being let go
    for _ in range(20):
        explorer.page.keyboard.down("ArrowLeft")
    tail = Stopwatch(explorer).spent()
    if tail >= 200:  # as above, once more
        for _ in range(20):
            explorer.page.keyboard.down("ArrowLeft")
        tail = Stopwatch(explorer).spent()
    assert tail < 200
    explorer.page.evaluate(FRAME)
    size = explorer.scene["state"]["batch_size"]
    assert slider.get_attribute("aria-valuetext") == f"{size}"
    assert (
        explorer["div.control"].filter(has=slider).locator("[type=number]").input_value()
        == f"{size}"
    )
    fresh = at(batch_size=size)
    for stage in ("before", "after"):
        drawn, expected = (
            page[f".scatter.{stage} .points circle"].evaluate_all(CIRCLES)
            for page in (explorer, fresh)
        )
        assert drawn == expected
    assert explorer.status == fresh.status
