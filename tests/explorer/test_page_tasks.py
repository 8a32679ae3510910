"""The three things to try of docs/howto/explorer.md, done as they are written there."""

import statistics

import pytest
from pulling import pulled
from sizes import DESK

from browsing import expect


@pytest.fixture
def explorer(at):
    return at(DESK, first=True, folded=True)


def dragged(explorer, share):
    """Take the orange point to a share of the plot's width."""
    pulled(explorer.page, share)
    explorer.settled()


def after(explorer, rows):
    y = explorer.arrays["after"]
    return [y[2 * row] for row in rows]


def test_an_outlier_ruins_its_batch(explorer):
    mates, others = range(1, 8), range(8, 128)
    before = statistics.stdev(after(explorer, mates)), after(explorer, others)
    dragged(explorer, 1.6)  # far out of the plot
    assert statistics.stdev(after(explorer, mates)) < before[0] / 3
    assert after(explorer, others) == before[1]
    expect(explorer[".scatter.before .edges .selected"]).to_have_count(1)
    explorer.button("Undo").click()
    assert statistics.stdev(after(explorer.settled(), mates)) == before[0]


def test_layer_norm_does_not_need_the_batch(explorer):
    explorer.choose("norm", "layer")
    expect(explorer[".lead"]).to_contain_text("shifted and stretched by itself")
    expect(explorer.control("batch_size")).to_have_count(0)
    others = range(1, 128)
    before = after(explorer, others)
    dragged(explorer, 0.9)
    assert after(explorer, others) == before


def test_why_evaluation_differs(explorer):
    explorer.choose("compare", "mode")
    expect(explorer[".panel.other .whose"]).to_contain_text("evaluation")
    arrays = explorer.arrays
    assert arrays["other"] == pytest.approx(arrays["before"], abs=1e-3)  # 0 and 1 are kept so far
    explorer.button("Play").click()
    expect(explorer[".batches .seen"].nth(5)).to_be_visible()
    explorer.button("Pause").click()
    moved = explorer.settled().arrays["other"]
    assert abs(sum(moved[::2])) < 0.8 * abs(sum(arrays["other"][::2]))


def test_what_is_normalised_by_itself_says_so_before_it_is_dragged(at):
    explorer = at()
    expect(explorer[".panel.before .hint"]).to_contain_text("watch its batch")
    explorer.choose("norm", "layer")
    expect(explorer[".panel.before .hint"]).to_contain_text("no other one moves")
