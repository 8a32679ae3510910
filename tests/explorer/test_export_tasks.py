"""The three things to try of docs/howto/explorer.md, done on the saved page, which has no Python."""

import statistics

import pytest
from alike import computed
from exported import button, control
from pulling import pulled
from sizes import DESK

from browsing import expect


@pytest.fixture
def page(open_file):
    return open_file(**DESK)


def arrays(page):
    """What is drawn: before, after, and what that is compared with."""
    state = page.evaluate("document.getElementById('explorer').model.asked")
    ((header, found),) = computed(page, [state])
    return {told["name"]: numbers for told, numbers in zip(header["arrays"], found, strict=True)}


def after(page, rows):
    return [arrays(page)["after"][2 * row] for row in rows]


def test_an_outlier_ruins_its_batch(page):
    mates, others = range(1, 8), range(8, 128)
    before = statistics.stdev(after(page, mates)), after(page, others)
    pulled(page, 1.6)  # far out of the plot
    assert statistics.stdev(after(page, mates)) < before[0] / 3
    assert after(page, others) == before[1]
    expect(page.locator(".scatter.before .edges .selected")).to_have_count(1)
    button(page, "Undo").click()
    assert statistics.stdev(after(page, mates)) == before[0]


def test_layer_norm_does_not_need_the_batch(page):
    control(page, "norm").select_option("layer")
    expect(page.locator(".lead")).to_contain_text("shifted and stretched by itself")
    expect(control(page, "batch_size")).to_have_count(0)
    others = range(1, 128)
    before = after(page, others)
    pulled(page, 0.9)
    assert after(page, others) == before


def test_why_evaluation_differs(page):
    control(page, "compare").select_option("mode")
    expect(page.locator(".panel.other .whose")).to_contain_text("evaluation")
    begun = arrays(page)
    assert begun["other"] == pytest.approx(begun["before"], abs=1e-3)  # 0 and 1 are kept so far
    button(page, "Play").click()
    expect(page.locator(".batches .seen").nth(5)).to_be_visible()
    button(page, "Pause").click()
    moved = arrays(page)["other"]
    assert abs(sum(moved[::2])) < 0.8 * abs(sum(begun["other"][::2]))
