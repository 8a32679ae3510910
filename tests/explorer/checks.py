"""What holds of the explorer wherever it is drawn, on its own page and in a notebook."""

import re
import time

import pytest

from browsing import expect
from command import PATIENCE

MINUS = "−"
LOADED = (
    "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family.replaceAll('\"', ''))"
)


def until(holds, seconds=PATIENCE):
    """Instead of playwright's own waiting, which evaluates text in the page: its policy forbids that."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def fonts(page):
    return page.evaluate(LOADED)


def number(text):
    return float(text.strip().replace(MINUS, "-"))


def row(page, label):
    """The numbers of a row of the table of values, which is opened first."""
    box = page.locator("details.valuesbox")
    if box.get_attribute("open") is None:
        box.locator("summary").click()
        box.locator("tbody tr").first.wait_for()
    found = box.locator("tbody tr").filter(
        has=page.locator("th", has_text=re.compile(f"^{label}$"))
    )
    return [number(text) for text in found.locator("td").all_text_contents()]


def running(page):
    """The running statistics by kind and feature, as a reader of screens is told them."""
    told = page.locator(".batches [role=img]").evaluate_all("all => all.map(e => e.ariaLabel)")
    pairs = [re.match(r"running (\w+), (.+): (\S+), of all data", text) for text in told]
    return {(pair[1], pair[2]): number(pair[3]) for pair in pairs if pair}


def begins_with_the_numbers_of_the_chapter(page):
    """Point 0 before and after, and what batch norm keeps of 16 batches (momentum 0.1, unbiased)."""
    expect(page.locator(".status")).to_contain_text("128 rows in 16 batches of 8")
    shown = [*row(page, 0)]
    assert shown == pytest.approx([5.497, -6.152, -1.904, -0.751], abs=6e-4)
    step = page.locator("[data-name=step]")
    for _ in range(16):
        step.click()
    expect(page.locator(".batches .seen")).to_have_count(16)
    kept = running(page)
    assert kept == pytest.approx(
        {
            ("mean", "Feature 1"): 8.332,
            ("variance", "Feature 1"): 10.971,
            ("mean", "Feature 2"): -4.083,
            ("variance", "Feature 2"): 0.907,
        },
        abs=6e-4,
    )


def takes_a_point_that_is_double_clicked(page):
    """There is one more, where the pointer was; the points of its batch are normalised with it, no others.

    In batches of 10, since 129 points in batches of 8 leave a batch of one, which torch refuses.
    """
    status = page.locator(".status")
    expect(status).to_contain_text("128 rows in 13 batches of 10, the last of 8.")
    others, neighbour = row(page, 0), row(page, 127)
    box = page.locator(".scatter.before").bounding_box()
    assert box is not None
    page.locator(".scatter.before").dblclick(
        position={"x": box["width"] * 0.8, "y": box["height"] * 0.2}
    )
    expect(status).to_contain_text("129 rows in 13 batches of 10, the last of 9.")
    x, y, *_ = row(page, 128)
    assert 14 < x < 25
    assert -4 < y < 0
    moved = row(page, 127)
    assert moved[:2] == neighbour[:2]
    assert abs(moved[2] - neighbour[2]) > 0.01
    assert row(page, 0) == others


def has_set_its_formulas_in_its_own_fonts(page):
    fold = page.locator(".panel.formula > details")
    if fold.get_attribute("open") is None:  # drawn when it is opened
        fold.locator("summary").first.click()
    until(lambda: "KaTeX_Main" in fonts(page))
    assert page.locator(".katex-mathml math").count() >= 2
    assert page.locator(".katex-error").count() == 0
