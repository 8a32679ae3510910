"""Points under the pointer: added, dragged live, deleted; on fixed axes a weight is seen."""

import pytest
from plots import Plot

import checks
from browsing import expect

EMPTY = (0.85, 0.12)  # of the plot: where no point is


def spot(explorer, share, stage="before"):
    """Where on the screen a share of the plot's width and height is."""
    explorer[f".scatter.{stage}"].scroll_into_view_if_needed()
    box = explorer[f".scatter.{stage}"].bounding_box()
    return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]


def middle(locator):
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def scenes(explorer):
    return explorer.page.evaluate("talk.scenes")


def slowly(explorer, start, end, moves=60):
    """Drag in small moves, letting go is up to the caller; gives how many scenes were drawn meanwhile."""
    before = scenes(explorer)
    for i in range(1, moves + 1):
        at = [a + (b - a) * i / moves for a, b in zip(start, end, strict=True)]
        explorer.page.mouse.move(*at)
    drawn = scenes(explorer) - before
    explorer.settled()
    return drawn


def test_a_double_click_adds_a_point_that_changes_its_batch_alone(at):
    checks.takes_a_point_that_is_double_clicked(at(batch_size=10).page)


@pytest.mark.parametrize("clicks", [1, 3], ids=["apart", "at once"])
def test_a_drag_right_after_a_double_click_is_live_and_lands_where_it_is_let_go(at, clicks):
    explorer = at(batch_size=10)
    start, end = spot(explorer, EMPTY), spot(explorer, (0.5, 0.3))
    mouse = explorer.page.mouse
    mouse.dblclick(*start)
    explorer.settled().says("129 rows in 13 batches of 10")
    shown = explorer.operands
    mouse.down(click_count=clicks)  # the third click of a row, if it comes at once
    assert slowly(explorer, start, end) >= 20
    assert explorer.operands["x"] != shown["x"]  # before it is let go
    mouse.up()
    explorer.settled()
    x, y = middle(explorer[".scatter.before .points circle"].nth(128))
    assert abs(x - end[0]) < 2 and abs(y - end[1]) < 2
    assert explorer.scene["state"]["selected"][0] == 128
    assert explorer.page.evaluate("getSelection().toString()") == ""


def test_what_is_dragged_is_where_the_axes_say_and_the_others_stay(at):
    explorer = at()
    others = explorer.values
    start = middle(explorer[".scatter.before .points circle"].nth(5))
    explorer.page.mouse.move(*start)
    explorer.page.mouse.down()
    end = start[0] + 40, start[1] - 25
    slowly(explorer, start, end, moves=10)
    explorer.page.mouse.up()
    explorer.settled()
    moved = explorer.values
    plot = Plot(explorer[".scatter.before"])
    place = plot.at(".points circle")[5]
    assert plot.x(moved[5][0]) == pytest.approx(place[0], abs=0.05)
    assert plot.y(moved[5][1]) == pytest.approx(place[1], abs=0.05)
    assert moved[5][0] > others[5][0] and moved[5][1] > others[5][1]
    changed = {row for row in moved if moved[row] != others[row]}
    assert changed == set(range(8))  # its batch, and no other


def test_a_right_click_deletes_and_the_changes_can_be_undone(at):
    explorer = at(batch_size=10)
    first = explorer.values
    x, y = middle(explorer[".scatter.before .points circle"].nth(7))
    explorer.page.mouse.click(x, y, button="right")
    explorer.settled().says("127 rows in 13 batches of 10, the last of 7.")
    assert 7 not in explorer.values
    assert explorer.values[8][:2] == first[8][:2]
    explorer.button("Undo my changes to the points").click()
    explorer.settled().says("128 rows")
    assert explorer.values == first
    expect(explorer.button("Undo my changes to the points")).to_be_hidden()


def test_a_click_after_shows_the_arithmetic_of_that_point(at):
    explorer = at()
    explorer.page.mouse.click(*middle(explorer[".scatter.after .points circle"].nth(77)))
    explorer.settled()
    expect(explorer["table.operands caption"]).to_have_text("Point 77: Feature 1, Feature 2")
    batch = explorer[".scatter.after .points circle.batch, .scatter.after .points circle.selected"]
    expect(batch).to_have_count(8)


def spread(explorer):
    """The horizontal and vertical extent of the points after, in plot units."""
    places = Plot(explorer[".scatter.after"]).at(".points circle")
    return [max(along) - min(along) for along in zip(*places, strict=True)]


def test_on_fixed_axes_a_weight_of_three_is_three_times_as_wide_and_on_its_own_axes_not(at):
    explorer = at()
    before = spread(explorer)
    explorer.type("weight", 3, 0)
    after = spread(explorer)
    assert after == pytest.approx([3 * before[0], before[1]], rel=1e-3)
    explorer.type("weight", 1, 0).button("auto").click()
    own = spread(explorer.settled())
    explorer.type("weight", 3, 0)
    assert spread(explorer) == pytest.approx(own, rel=1e-3)


def test_shared_axes_are_the_same_before_and_after(at):
    explorer = at(frame="shared")
    scales = [Plot(explorer[f".scatter.{stage}"]) for stage in ("before", "after")]
    for value in (0.0, 7.5):
        assert scales[0].x(value) == pytest.approx(scales[1].x(value), abs=0.05)
        assert scales[0].y(value) == pytest.approx(scales[1].y(value), abs=0.05)


def test_the_strong_channel_and_the_handles_of_the_curve_are_dragged(at):
    explorer = at(data="bank", norm="local_response", alpha=5e-4, k=2.0, selected=[0, 7, 0])
    bar = middle(explorer[".bankplot.before rect"].nth(8))
    explorer.page.mouse.move(*bar)
    explorer.page.mouse.down()
    slowly(explorer, bar, (bar[0], bar[1] + 30), moves=5)
    explorer.page.mouse.up()
    assert 0 < explorer.settled().scene["state"]["loud"] < 300
    explorer.go(data="contrast", norm="divisive", sigma=19.3, power=2.9)
    for name, by in (("sigma", (50, 0)), ("power", (0, 30))):
        handle = middle(explorer[f".curveplot.after .handle.{name}"])
        explorer.page.mouse.move(*handle)
        explorer.page.mouse.down()
        slowly(explorer, handle, (handle[0] + by[0], handle[1] + by[1]), moves=5)
        explorer.page.mouse.up()
    settings = explorer.settled().scene["state"]
    assert settings["sigma"] > 25 and settings["power"] > 3.2
    sigma = explorer[".curveplot.after .handle.sigma"]
    assert float(sigma.get_attribute("aria-valuenow")) == pytest.approx(settings["sigma"], abs=0.01)
