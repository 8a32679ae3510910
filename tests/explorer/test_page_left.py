"""Points that leave the picture: axes follow the many, and an arrow shows where the one is, to be taken."""

import pytest
from sizes import SIZES

from browsing import expect

FAR = {"edits": {"moved": {"3": {"0": 60.0}}}, "selected": [3, 0, 0]}
WITHIN = """(svg) => {
  const box = svg.querySelector(".paper").getBoundingClientRect();
  return [...svg.querySelectorAll(".points circle")].filter((e) => {
    const { x, y, width, height } = e.getBoundingClientRect();
    const [a, b] = [x + width / 2, y + height / 2];
    return a >= box.left - 1 && a <= box.right + 1 && b >= box.top - 1 && b <= box.bottom + 1;
  }).length;
}"""


def inside(explorer, stage):
    return explorer[f".scatter.{stage}"].evaluate(WITHIN)


def middle(locator):
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_fixed_axes_follow_points_that_leave_them_and_say_so(at, size):
    explorer = at(size, mean=[-38.5, -5.0])
    assert inside(explorer, "before") == 128
    expect(explorer[".scatter.before .outside"]).to_have_text("axes have followed the points")
    expect(explorer[".scatter.after .outside"]).to_be_empty()
    explorer.go(mode="eval", step=0)  # as they come in
    assert inside(explorer, "after") >= 0.95 * 128
    expect(explorer[".scatter.after .outside"]).to_contain_text("axes have followed the points")
    explorer.go()
    for stage in ("before", "after"):
        expect(explorer[f".scatter.{stage} .outside"]).to_be_empty()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_point_outside_is_an_arrow_at_the_edge_by_which_it_is_dragged_back(at, size):
    explorer = at(size, **FAR)
    expect(explorer[".scatter.before .outside"]).to_have_text("1 outside")
    arrow = explorer[".scatter.before .edges path.selected"]
    expect(arrow.locator("title")).to_contain_text("point 3: 60,")
    plot = explorer[".scatter.before"].bounding_box()
    x, y = middle(arrow)
    plot = explorer[".scatter.before"].bounding_box()
    assert plot["x"] + 0.9 * plot["width"] < x < plot["x"] + plot["width"]
    mouse = explorer.page.mouse
    mouse.move(x, y)
    mouse.down()
    for share in (0.75, 0.6, 0.5):
        mouse.move(plot["x"] + share * plot["width"], y)
    mouse.up()
    assert -6 < explorer.settled().values[3][0] < 26
    expect(explorer[".scatter.before .edges path"]).to_have_count(0)


def test_no_mark_is_drawn_beyond_its_plot(at):
    explorer = at(**FAR)
    for state in (
        FAR,
        {"batch_size": 127, "selected": [127, 0, 0]},
        {"data": "bank", "loud": 3000},
    ):
        explorer.go(**state)
        over = explorer["svg.plot"].evaluate_all(
            "all => all.filter(e => e.checkVisibility() && getComputedStyle(e).overflow !== 'hidden').length"
        )
        assert over == 0
        clipped = explorer[".scatter .ring"].evaluate_all(
            "all => all.filter(e => !e.closest('[clip-path]')).length"
        )
        assert clipped == 0
