"""The whole explorer without a mouse, and where the focus is seen."""

import pytest

from browsing import expect
from checks import number

FOCUS = """() => {
  const e = document.activeElement;
  const style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const name = [e.tagName.toLowerCase(), e.getAttribute("class"), e.dataset.control, e.dataset.name,
    e.getAttribute("aria-label"), e.textContent.slice(0, 20)].filter(Boolean).join(" ");
  const width = parseFloat(style.outlineWidth);
  return { name, top: e === document.body, inside, outline: style.outlineStyle, width };
}"""
STATES = {
    "points": {},
    "image": {"data": "image", "norm": "local_contrast"},
    "bank": {"data": "bank", "norm": "gdn"},
    "contrast": {"data": "contrast", "norm": "divisive"},
    "tour": {"tour": 2, "shown": False},
}


def tab_to(explorer, selector, key="Tab", most=150):
    """Press Tab until that element has the focus."""
    wanted = explorer[selector].first
    for _ in range(most):
        if wanted.evaluate("e => e === document.activeElement"):
            return wanted
        explorer.page.keyboard.press(key)
    raise AssertionError(f"{selector} is not reached")


def keys(explorer, *pressed):
    for key in pressed:
        explorer.page.keyboard.press(key)
        explorer.settled()
    return explorer


def test_a_normaliser_is_chosen_points_walked_moved_deleted_and_batches_stepped(at):
    explorer = at(batch_size=10)
    tab_to(explorer, "[data-name=step]")
    keys(explorer, "Enter", "Space")
    expect(explorer[".batches .seen"]).to_have_count(2)
    tab_to(explorer, ".scatter.before")
    keys(explorer, "Home", *["ArrowRight"] * 3)
    expect(explorer[".said"]).to_contain_text("point 3:")
    expect(explorer["table.operands caption"]).to_contain_text("Point 3:")
    x, y, *_ = explorer.values[3]
    keys(explorer, "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowUp")
    moved = explorer.values[3]
    assert moved[0] == pytest.approx(x + 2 * 0.32, abs=1e-3)  # a hundredth of 32, and of 8
    assert moved[1] == pytest.approx(y + 0.08, abs=1e-3)
    keys(explorer, "Delete").says("127 rows")
    expect(explorer[".said"]).to_have_text("Point 3 deleted.")
    keys(explorer, "a").says("128 rows")
    expect(explorer[".said"]).to_have_text("Point 128 added.")
    assert explorer.values[128][:2] == pytest.approx([10, -5], abs=1e-6)
    tab_to(explorer, "select[data-control=norm]")
    keys(explorer, "l").says("Layer normalisation")
    assert explorer.scene["state"]["norm"] == "layer"


def test_cells_of_an_image_are_walked_and_the_pool_follows(at):
    explorer = at(data="image", norm="instance")
    tab_to(explorer, ".tilegrid.before")
    keys(explorer, "ArrowRight", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowDown")
    expect(explorer["table.operands caption"]).to_have_text("Sample 1: 45°, 1 × 1")
    pooled = explorer[".cells .pooled rect"].evaluate_all(
        "all => all.flatMap((e, i) => e.getAttribute('fill-opacity') > 0 ? [i] : [])"
    )
    assert pooled == list(range(5 * 64, 6 * 64))  # sample 1, channel 1


def test_a_bank_and_a_curve_by_keys(at):
    explorer = at(data="bank", norm="local_response", strong=8, loud=400, selected=[0, 7, 0])
    tab_to(explorer, ".bankplot.before")
    keys(explorer, "ArrowRight", "ArrowUp", "Shift+ArrowUp")
    assert explorer.scene["cell"][1] == 8 and explorer.scene["state"]["loud"] == 460
    explorer.go(data="contrast", norm="divisive", sigma=20, power=2)
    tab_to(explorer, ".handle.sigma")
    keys(explorer, "ArrowRight")
    tab_to(explorer, ".handle.power")
    keys(explorer, "ArrowUp")
    assert explorer.scene["state"]["sigma"] == 21 and explorer.scene["state"]["power"] == 2.1


def test_each_press_on_a_slider_of_whole_numbers_is_a_step(at):
    explorer = at(batch_size=2)
    explorer.control("batch_size").focus()
    sizes = [keys(explorer, "ArrowRight").scene["state"]["batch_size"] for _ in range(3)]
    assert sizes == [3, 4, 5]
    assert keys(explorer, "ArrowLeft").scene["state"]["batch_size"] == 4
    explorer.go(batch_size=100)
    explorer.control("batch_size").focus()
    sizes = [keys(explorer, key).scene["state"]["batch_size"] for key in ("ArrowUp", "ArrowDown")]
    assert sizes[0] > 100 and sizes[1] == pytest.approx(100, abs=1)


def test_each_press_on_a_logarithmic_slider_changes_something(at):
    explorer = at(norm="divisive")
    explorer.control("sigma").focus()
    sigmas = [keys(explorer, "ArrowRight").scene["state"]["sigma"] for _ in range(4)]
    assert sigmas == sorted(set(sigmas)) and sigmas[0] > 1
    sigmas = [keys(explorer, "ArrowLeft").scene["state"]["sigma"] for _ in range(4)]
    assert sigmas == sorted(set(sigmas), reverse=True) and sigmas[-1] >= 1


def test_a_setting_is_taken_back_by_its_button(at):
    explorer = at(eps=0.5)
    assert number(explorer.operands["eps"][0]) == 0.5
    tab_to(explorer, "div.control:has([data-control=eps]) .reset")
    keys(explorer, "Enter")
    assert number(explorer.operands["eps"][0]) == 1e-5


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_focus_is_seen_wherever_it_goes_and_goes_everywhere_once(at, state):
    explorer = at(script="/**/", **state)  # a page of its own: another has the focus elsewhere
    seen = []
    for _ in range(150):
        explorer.page.keyboard.press("Tab")
        focus = explorer.page.evaluate(FOCUS)
        if focus["top"]:
            break
        assert focus["inside"], focus
        assert focus["outline"] != "none" and focus["width"] >= 1, focus
        seen.append(focus["name"])
    assert focus["top"], "the focus never leaves the page"
    wanted = explorer.page.locator(
        "button:enabled:visible:not([tabindex='-1']), select:visible, input:visible, summary:visible,"
        " textarea:visible, [tabindex='0']:visible"
    )
    assert len(seen) == wanted.count()
    explorer.clean()


def test_a_menu_shuts_with_escape_and_at_a_press_elsewhere(at):
    explorer = at()
    summary = tab_to(explorer, "[data-name=export] > summary")
    keys(explorer, "Enter")
    menu = explorer["[data-name=export] .choices"]
    expect(menu).to_be_visible()
    keys(explorer, "Escape")
    expect(menu).to_be_hidden()
    summary.click()
    explorer["h1"].click()
    expect(menu).to_be_hidden()


def test_a_term_under_the_focus_or_the_pointer_lights_up_everywhere(at):
    explorer = at()
    tab_to(explorer, "tr[data-term=pool] .term")
    lit = explorer["[data-term=pool].lit"]
    assert lit.count() == explorer["[data-term=pool]"].count() >= 3
    explorer[".formula .math"].nth(1).locator("[data-term=d]").first.hover()
    assert explorer["tr[data-term=d].lit"].count() == 1
    assert lit.count() == 0
