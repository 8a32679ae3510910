"""What the picture is after sixty fast presses and with ten thousand points.

How soon it follows is measured by `make bench-explorer`, which fails when it is late.
"""

from latency import FRAME

from browsing import expect

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


def test_ten_thousand_points_stay_within_the_axes_and_below_the_ring(at):
    explorer = at(n=10_000, batch_size=100)
    expect(explorer[".cloud canvas.many"].first).to_be_visible()
    painted = explorer["canvas.many"].evaluate_all(PAINTED)
    assert [inside > 1000 for inside, _ in painted] == [True, True]
    assert [outside for _, outside in painted] == [0, 0]
    for stage in ("before", "after"):
        assert (
            explorer[f".scatter.{stage}"].evaluate("e => getComputedStyle(e).position")
            == "relative"
        )


def test_the_page_is_small(at):
    sizes = at().page.evaluate(
        "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
        ".map(entry => entry.encodedBodySize)"
    )
    assert 300_000 < sum(sizes) < 1_000_000


def test_after_sixty_fast_presses_the_picture_is_that_of_the_last(at):
    explorer = at(batch_size=30)
    slider = explorer.control("batch_size")
    slider.focus()
    for _ in range(40):
        explorer.page.keyboard.down("ArrowRight")  # held: it repeats without being let go
    for _ in range(20):
        explorer.page.keyboard.down("ArrowLeft")
    explorer.settled()
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
