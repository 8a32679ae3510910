"""Terms and marks that are read and pointed at: nothing lies over a term, nothing is cut at a plot's edge."""

import pytest

from browsing import expect
from normlab import table

# of each word of a formula: the term it belongs to, and the one that a pointer finds there
POINTED = """() => {
  const found = [];
  for (const math of document.querySelectorAll(".formula .math .katex-html")) {
    math.scrollIntoView({ block: "center" });
    const walker = document.createTreeWalker(math, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const mine = walker.currentNode.parentElement.closest("[data-term]");
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      const { x, y, width, height } = range.getBoundingClientRect();
      if (!mine || width < 1) continue;
      const there = document.elementFromPoint(x + width / 2, y + height / 2)?.closest("[data-term]");
      found.push([mine.dataset.term, there?.dataset.term ?? null]);
    }
  }
  return found;
}"""
CUT = """() => [...document.querySelectorAll("svg.plot")].flatMap((svg) => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text.tick")].filter((e) => {
    const { left, right } = e.getBoundingClientRect();
    return e.textContent && (left < box.left - 0.5 || right > box.right + 0.5);
  }).map((e) => `${svg.getAttribute("aria-label")}: ${e.textContent}`);
})"""


@pytest.mark.parametrize("norm", table)
def test_every_term_of_a_formula_can_be_pointed_at(shared, norm):
    data = "image" if norm in ("instance", "local_contrast") else "points"
    shared.go(norm=norm, data=data)
    shared.page.evaluate("document.fonts.ready")
    found = shared.page.evaluate(POINTED)
    assert {"x", "y"} <= {mine for mine, _ in found} and len(found) > 6
    assert [pair for pair in found if pair[0] != pair[1]] == []


def test_pointing_at_epsilon_lights_its_row(at):
    explorer = at()
    explorer[".formula .math"].first.locator("[data-term=eps]").hover()
    expect(explorer["table.operands tr.lit"]).to_have_attribute("data-term", "eps")


@pytest.mark.parametrize("large", ["1e150", "123456.5"])
def test_the_numbers_of_axes_are_not_cut(at, large):
    explorer = at()
    explorer.paste(f"a,b\n{large},2\n-{large},5\n0,1\n3,3\n")
    assert explorer.page.evaluate(CUT) == []


def test_the_numbers_of_an_axis_differ_where_the_values_hardly_do(at):
    """The running variance of the second feature begins at 1, and goes to 0.9995."""
    explorer = at(scale=[4.0, 1.0068])
    for chart in explorer[".charts svg"].all():
        marks = chart.locator("text.tick").evaluate_all(
            "all => all.filter(e => e.getAttribute('text-anchor') === 'end').map(e => e.textContent)"
        )
        assert len(set(marks)) == len(marks) > 1, marks
