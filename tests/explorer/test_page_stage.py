"""The stage: before becomes after in three beats, with Python's numbers at each, beside the arithmetic."""

import pytest
from plots import Plot, near
from sizes import DESK, PHONE, SIZES

from browsing import expect
from checks import number

BEATS = ("input", "centred", "scaled", "output")


def to(explorer, beat):
    explorer[f".beats [data-beat={beat}]"].click()
    expect(explorer[f".steps [data-step={beat}]"]).to_have_class("step now")
    return Plot(explorer[".scatter.after"])


def results(explorer, beat):
    """What the arithmetic of a beat ends in, for each feature."""
    shown = explorer[f".steps [data-step={beat}] .sum"].evaluate_all(
        "all => all.map(e => e.lastChild.textContent)"
    )
    return [number(text) for text in shown]


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_selected_point_is_at_each_beat_where_its_arithmetic_says(at, size):
    explorer = at(size, weight=[1.7, -0.6], bias=[0.3, -1.2], selected=[11, 0, 0])
    for beat in BEATS:
        plot, told = to(explorer, beat), results(explorer, beat)
        ((x, y),) = plot.at(".ring")
        assert near(x, plot.x(told[0])) and near(y, plot.y(told[1])), beat
        assert explorer[".steps .now"].count() == 1


def test_all_points_are_pythons_at_the_end_of_each_beat(at):
    explorer = at(weight=[1.7, -0.6], bias=[0.3, -1.2])
    arrays = explorer.arrays
    for beat, name in zip(BEATS, ("before", "centred", "scaled", "after"), strict=True):
        plot = to(explorer, beat)
        for i, (x, y) in enumerate(plot.at(".points circle")):
            assert near(x, plot.x(arrays[name][2 * i])) and near(y, plot.y(arrays[name][2 * i + 1]))


def test_between_two_beats_points_are_between_them_and_histograms_follow(at):
    explorer = at()
    explorer[".beats input"].evaluate(
        "e => { e.value = 0.5; e.dispatchEvent(new Event('input')); }"
    )
    plot, arrays = Plot(explorer[".scatter.after"]), explorer.arrays
    for i, (x, _) in enumerate(plot.at(".points circle")):
        ends = sorted(plot.x(arrays[name][2 * i]) for name in ("before", "centred"))
        assert ends[0] - 0.5 < x < ends[1] + 0.5
    bars = ".panel.after .bars:not(.batch) rect"
    heights = "all => all.map(e => Number(e.getAttribute('height')))"
    half = explorer[bars].evaluate_all(heights)
    to(explorer, "output")
    assert explorer[bars].evaluate_all(heights) != half


@pytest.mark.parametrize("beat", BEATS)
def test_the_pools_center_and_scale_are_drawn(at, beat):
    explorer = at(weight=[2.0, 0.5], bias=[1.0, -1.0])
    shown = {term: [number(text) for text in texts] for term, texts in explorer.operands.items()}
    where = {
        "input": (shown["center"], shown["scale"]),
        "centred": ([0, 0], shown["scale"]),
        "scaled": ([0, 0], [1, 1]),
        "output": ([1.0, -1.0], [2.0, 0.5]),
    }
    plot = to(explorer, beat)
    (center, half) = where[beat]
    ((left, top, wide, high),) = plot.at(".spread", ("x", "y", "width", "height"))
    edges = plot.x(center[0] - half[0]), plot.y(center[1] + half[1])
    assert (left, top) == pytest.approx(edges, abs=0.2)
    assert left + wide == pytest.approx(plot.x(center[0] + half[0]), abs=0.2)
    assert top + high == pytest.approx(plot.y(center[1] - half[1]), abs=0.2)
    assert plot.plot.locator(".ties line").count() == 7  # to the others of its batch


def test_without_motion_the_beats_are_still_pictures(at):
    explorer = at({"reduced_motion": "reduce"}, first=True)
    expect(explorer[".beats .play"]).to_be_hidden()
    assert explorer[".beats input"].get_attribute("step") == "1"
    for beat in BEATS:
        to(explorer, beat)


def test_played_it_goes_from_the_input_to_the_output(at):
    explorer = at()
    explorer.button("Show the steps").click()
    expect(explorer[".steps [data-step=centred]"]).to_have_class("step now")
    expect(explorer[".steps [data-step=scaled]"]).to_have_class("step now")
    expect(explorer[".steps [data-step=output]"]).to_have_class("step now")
    expect(explorer.button("Show the steps")).to_be_visible()


def test_who_is_here_for_the_first_time_sees_it_and_is_invited(at):
    explorer = at(first=True)
    expect(explorer[".lead"]).to_have_text(
        "These 128 points are shifted and stretched, 8 at a time, until each 8 have mean 0 and spread 1."
    )
    expect(explorer[".steps [data-step=scaled]"]).to_have_class("step now")
    expect(explorer[".invitation text"].first).to_have_text("drag me")
    expect(explorer.button("Take the tour")).to_be_visible()
    box = explorer[".scatter.before .ring"].bounding_box()
    explorer.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    explorer.page.mouse.down()
    explorer.page.mouse.up()
    expect(explorer[".scatter.before .invitation"]).to_be_hidden()
    expect(explorer.button("Take the tour")).to_be_hidden()
    explorer.page.reload()
    expect(explorer.settled().button("Take the tour")).to_be_hidden()


def test_everything_that_answers_to_a_hand_is_on_one_screen(at):
    explorer = at(DESK, folded=True)
    for what in (
        ".scatter.before", ".scatter.after", ".beats", ".steps", "[data-control=norm]", "[data-control=mode]",
        "[data-control=batch_size]", "[data-control=compare]", "[data-name=play]", "[data-name=scrubber]",
        ".strip",
    ):  # fmt: skip
        expect(explorer[what].first).to_be_in_viewport(ratio=1)
    for name in ("weight", "bias"):
        for i in (0, 1):
            expect(explorer.control(name, i)).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_stage_comes_first(at):
    explorer = at(PHONE, folded=True)
    tops = [
        explorer[what].first.bounding_box()["y"]
        for what in (
            ".lead",
            ".panel.before",
            ".panel.after",
            ".beats",
            ".steps",
            ".top",
            ".panel.batches",
        )
    ]
    assert tops == sorted(tops)
    expect(explorer[".panel.before .scatter"]).to_be_in_viewport(ratio=1)


def test_two_normalisers_stand_side_by_side_on_the_same_axes(at):
    explorer = at(compare="layer")
    expect(explorer[".panel.other .whose"]).to_have_text("Layer normalisation")
    arrays, plots = explorer.arrays, [Plot(explorer[f".scatter.{s}"]) for s in ("after", "other")]
    for value in (-1.0, 1.0):
        assert plots[0].x(value) == pytest.approx(plots[1].x(value), abs=0.05)
    layer = at(norm="layer").arrays["after"]
    assert arrays["other"] == layer
    for i, (x, _) in enumerate(plots[1].at(".points circle")):
        assert near(x, plots[1].x(layer[2 * i]))
    explorer.choose("compare", "")
    expect(explorer[".panel.other"]).to_be_hidden()


def test_while_batches_play_the_evaluated_cloud_walks_to_the_center(at):
    explorer = at(compare="mode")
    expect(explorer[".panel.other .whose"]).to_have_text("Batch normalisation, evaluation")
    means = []
    for step in (0, 8, 32):
        explorer["[data-name=scrubber]"].evaluate(
            "(e, step) => { e.value = step; e.dispatchEvent(new Event('input')); }", step
        )
        other = explorer.settled().arrays["other"]
        assert explorer.scene["state"]["step"] == step
        means.append(abs(sum(other[::2]) / 128))
    assert means[0] > 3 * means[1] > 3 * 3 * means[2]
