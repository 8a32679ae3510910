"""Batches: stepped, played, reset; what the layer keeps of them, and that evaluation keeps it still."""

import pytest

import checks
from browsing import expect


def whole(explorer):
    """All that Python told of the state, but for the number of the message."""
    header = explorer.scene
    header.pop("seq")
    return header, explorer.arrays


def test_three_steps_and_a_reset_are_as_before(at):
    explorer = at(momentum=0.3, batch_size=12)
    before, kept = whole(explorer), checks.running(explorer.page)
    explorer.press("Next batch", 3)
    assert checks.running(explorer.page) != kept
    expect(explorer[".batches .seen"]).to_have_count(3)
    explorer.press("Reset")
    assert whole(explorer) == before
    assert checks.running(explorer.page) == kept
    expect(explorer[".batches .seen"]).to_have_count(0)


def test_evaluation_leaves_the_running_statistics_as_they_are(at):
    explorer = at()
    explorer.press("Next batch", 3)
    kept = checks.running(explorer.page)
    explorer.choose("mode", "eval").says("in evaluation, with the running statistics after 3 steps")
    assert checks.running(explorer.page) == kept
    mean, variance = (kept[kind, "Feature 1"] for kind in ("mean", "variance"))
    assert float(explorer.operands["center"][0]) == pytest.approx(mean, rel=1e-5)
    assert float(explorer.operands["pool"][0]) == pytest.approx(variance, rel=1e-5)
    for name in ("Next batch", "Play"):  # the layer would look at a batch, and keep nothing of it
        expect(explorer.button(name)).to_be_disabled()
        assert "evaluation" in explorer.button(name).get_attribute("title")
    explorer.choose("mode", "train")
    explorer.press("Next batch")
    assert checks.running(explorer.page) != kept


def test_play_steps_by_itself_until_it_is_paused(at):
    explorer = at()
    explorer.button("Play").click()
    expect(explorer[".batches .seen"].nth(2)).to_be_visible()
    explorer.button("Pause").click()
    explorer.settled()
    step = explorer.scene["state"]["step"]
    assert step >= 3
    explorer.page.wait_for_timeout(1600)  # two steps' time, in which nothing may happen
    assert explorer.settled().scene["state"]["step"] == step
    expect(explorer.button("Play")).to_be_visible()


def test_play_stops_in_evaluation(at):
    explorer = at()
    explorer.button("Play").click()
    expect(explorer[".batches .seen"]).not_to_have_count(0)
    explorer.page.locator("[data-control=mode]").select_option("eval")
    explorer.settled().says("in evaluation")
    expect(explorer.button("Play")).to_be_visible()
    step = explorer.scene["state"]["step"]
    explorer.page.wait_for_timeout(1600)
    assert explorer.settled().scene["state"]["step"] == step


def test_the_selected_point_goes_along_with_the_batches_and_can_be_led_by_the_strip(at):
    explorer = at()
    explorer.press("Next batch", 2)
    expect(explorer["table.operands caption"]).to_contain_text("Point 8:")
    explorer[".strip button"].nth(5).click()
    explorer.settled()
    expect(explorer["table.operands caption"]).to_contain_text("Point 40:")
    blue = explorer[".scatter.before .points circle"].evaluate_all(
        "all => all.flatMap((e, i) => ['batch', 'selected'].includes(e.getAttribute('class')) ? [i] : [])"
    )
    assert blue == list(range(40, 48))
    expect(explorer[".strip button[aria-pressed=true]"]).to_have_attribute(
        "title", "batch 6, 8 rows"
    )


def test_a_smaller_last_batch_is_said(at):
    explorer = at(batch_size=10)
    expect(explorer[".batches .note"]).to_have_text(
        "The last batch has 8 rows: it is normalised with its own statistics and moves the running ones"
        " like any other."
    )
    expect(explorer[".strip button"]).to_have_count(13)


def test_reseed_draws_other_data_and_reset_keeps_them(at):
    explorer = at()
    first = explorer.values
    explorer.press("Reseed")
    second = explorer.values
    assert second != first and len(second) == 128
    explorer.press("Next batch", 2).press("Reset")
    assert explorer.values == second


def test_rows_without_batches_have_no_strip_and_say_so(at):
    explorer = at(norm="layer")
    expect(explorer[".panel.batches"]).to_be_hidden()
    expect(explorer[".norm .note"]).to_contain_text("looks at one sample at a time")
    expect(explorer.button("Next batch")).to_have_count(0)
