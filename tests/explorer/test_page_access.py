"""For everyone: nothing serious for axe in any state and scheme; dark, phone-wide, without motion."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from sizes import PHONE

import checks
from browsing import expect

STATES = {
    "points": {},
    "evaluation": {"mode": "eval", "step": 3},
    "a batch that is refused": {"batch_size": 1},
    "a link that is told of": {"norm": "bach"},
    "images": {"data": "image", "norm": "instance"},
    "images in evaluation": {"data": "image", "norm": "batch", "mode": "eval", "step": 2},
    "sequences": {"data": "sequence", "norm": "layer"},
    "a bank": {"data": "bank", "norm": "local_response", "selected": [0, 7, 0]},
    "a neuron with a mask": {"data": "contrast", "norm": "divisive", "sigma": 19.3, "masking": 20},
    "a question of the tour": {"tour": 2, "shown": False},
    "an answer of the tour": {"tour": 2, "shown": True},
}
SCHEMES = ("light", "dark")
WIDE = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolled = (e) => { for (; e; e = e.parentElement) {
    if (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX)) return true; } return false; };
  const over = [...document.querySelectorAll("main *")].filter((e) => {
    const box = e.getBoundingClientRect();
    const outside = box.width && (box.right > wide + 1 || box.left < -1);
    return outside && !scrolled(e) && !e.closest("svg, .katex-mathml");
  });
  return [document.documentElement.scrollWidth <= wide, over.map((e) => `${e.tagName} ${e.className}`)];
}"""


SETTLED = """() => Promise.all(document.getAnimations()
    .filter((one) => one.effect.getTiming().iterations !== Infinity)
    .map((one) => one.finished.catch(() => null)))"""


# thousands of marks, which have neither words nor names of their own
WORDS = {
    "exclude": [[part] for part in (".tiles", ".points", ".ghosts", ".bars", ".mates", ".ties")]
}
OPTIONS = {
    "rules": {"target-size": {"enabled": True}},  # 24 pixels, WCAG 2.2
    "resultTypes": ["violations"],
}


def serious(page):
    page.evaluate(SETTLED)
    found = Axe().run(page, context=WORDS, options=OPTIONS).response["violations"]
    return [
        (rule["id"], node["html"][:120], node["failureSummary"][:200])
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


LOOKS = [
    pytest.param(state, scheme, id=f"{name}-{scheme}", marks=() if i % 2 == j else pytest.mark.slow)
    for i, (name, state) in enumerate(STATES.items())
    for j, scheme in enumerate(SCHEMES)
]


@pytest.mark.parametrize(("state", "scheme"), LOOKS)
def test_axe_finds_nothing_serious(shared, state, scheme):
    shared.page.emulate_media(color_scheme=scheme)
    shared.go(**state)
    assert serious(shared.page) == []


def test_axe_finds_nothing_serious_with_everything_open(shared):
    for scheme in SCHEMES:
        shared.page.emulate_media(color_scheme=scheme)
        shared.go()
        shared.page.evaluate(
            "document.querySelectorAll('details').forEach(e => { e.open = true; })"
        )
        expect(shared["[data-name=hide] .choices"]).to_be_visible()
        shared["tr[data-term=pool] .term"].focus()
        assert serious(shared.page) == [], scheme
        shared.page.evaluate(
            "document.querySelectorAll('details').forEach(e => { e.open = false; })"
        )


def _ratio(one, other):
    def light(colour):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted([light(one), light(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_points_stand_out_of_the_paper_in_either_scheme(at, scheme):
    """Axe looks at words alone; 3 : 1 is what WCAG 1.4.11 asks of marks."""
    explorer = at({"color_scheme": scheme})
    paper = explorer[".normlab-explorer"].evaluate("e => getComputedStyle(e).backgroundColor")
    for kind in ("batch", "selected"):
        mark = explorer[f".scatter.before circle.{kind}"].first
        assert _ratio(mark.evaluate("e => getComputedStyle(e).fill"), paper) >= 3
    light = _ratio(paper, "rgb(0, 0, 0)") > 10
    assert light is (scheme == "light")


def test_nothing_scrolls_sideways_on_a_phone(at):
    explorer = at(PHONE)
    states = [*STATES.values(), {"data": "contrast", "norm": "gdn"}, {"hide": ["data", "before"]}]
    for state in states:
        explorer.go(**state)
        fits, over = explorer.page.evaluate(WIDE)
        assert fits and not over, (state, over)
    explorer.go()
    for menu in ("export", "hide"):
        explorer[f"[data-name={menu}] > summary"].click()
        expect(explorer[f"[data-name={menu}] .choices"]).to_be_in_viewport()
        fits, over = explorer.page.evaluate(WIDE)
        assert fits and not over, (menu, over)
        explorer.page.keyboard.press("Escape")


def test_a_finger_drags_a_point_and_scrolls_beside_one(at):
    explorer = at(PHONE)
    explorer[".scatter.before"].scroll_into_view_if_needed()
    before = explorer.values
    box = explorer[".scatter.before .ring"].bounding_box()
    at_ = box["x"] + box["width"] / 2 - 9, box["y"] + box["height"] / 2  # beside it, within reach
    scrolled = explorer.page.evaluate("scrollY")
    finger(explorer, at_, (0, -60))
    after = explorer.settled().values
    ((row, y),) = [(row, held[1]) for row, held in after.items() if held[:2] != before[row][:2]]
    assert y > before[row][1] + 0.5
    assert explorer.page.evaluate("scrollY") == scrolled
    box = explorer[".scatter.before"].bounding_box()
    finger(explorer, (box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.2), (0, -80))
    checks.until(lambda: explorer.page.evaluate("scrollY") > scrolled)


def test_a_finger_that_rests_on_a_point_removes_it(at):
    explorer = at(PHONE)
    expect(explorer[".panel.before .hint"]).to_contain_text("hold a point to remove it")
    explorer[".scatter.before"].scroll_into_view_if_needed()
    box = explorer[".scatter.before .ring"].bounding_box()
    here = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger(explorer, here, (4, 0), rest="document.querySelector('.said').textContent")
    explorer.settled().says("127 rows")
    expect(explorer[".said"]).to_have_text("Point 0 deleted.")
    explorer.button("Undo").click()
    explorer.settled().says("128 rows")


def finger(explorer, start, by, moves=8, rest=""):
    """Touch the screen, move, and let go, or wait before that until an expression holds."""
    session = explorer.page.context.new_cdp_session(explorer.page)

    def touch(kind, *points):
        told = {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        session.send("Input.dispatchTouchEvent", told)

    touch("touchStart", start)
    for i in range(1, moves + 1):
        touch("touchMove", (start[0] + by[0] * i / moves, start[1] + by[1] * i / moves))
    if rest:
        checks.until(lambda: explorer.page.evaluate(rest))
    touch("touchEnd")


def test_the_strip_of_batches_is_one_stop_and_walked_with_arrows(at):
    explorer = at()
    assert explorer[".strip button[tabindex='0']"].count() == 1
    explorer[".strip button[tabindex='0']"].focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        explorer.page.keyboard.press(key)
        explorer.settled()
    expect(explorer[".strip button"].nth(1)).to_be_focused()
    expect(explorer["table.operands caption"]).to_contain_text("Point 8:")
    explorer.page.keyboard.press("End")
    explorer.settled()
    expect(explorer["table.operands caption"]).to_contain_text("Point 120:")


def test_what_is_there_is_announced(at):
    explorer = at()
    assert explorer[".status"].get_attribute("role") == "status"
    assert explorer[".tour .answer"].get_attribute("role") == "status"


def test_of_many_batches_it_is_said_which_are_shown(at):
    explorer = at(n=10_000)
    expect(explorer[".batches .note"]).to_contain_text("Batches 1 to 64 of 1,250 are shown.")


def test_long_names_do_not_run_into_one_another(at):
    name = "an extraordinarily long name of a column"
    explorer = at()
    explorer.paste(f"{name} 1,{name} 2\n" + "\n".join(f"{i},{i * i % 7}" for i in range(40)))
    over = explorer[".charts svg"].evaluate_all(
        "all => all.filter(e => e.querySelector('.label').getBBox().width > 190).length"
    )
    assert over == 0


def test_nothing_moves_where_motion_is_not_wanted(at):
    moving = (
        "() => [...document.querySelectorAll('.normlab-explorer, .normlab-explorer *')].filter(e => {"
        " const s = getComputedStyle(e);"
        " return parseFloat(s.transitionDuration) > 0 || s.animationName !== 'none'; }).length"
    )
    explorer = at()
    explorer["tr[data-term=pool] .term"].focus()
    assert explorer.page.evaluate(moving) > 0  # what lights up does so softly
    explorer.page.emulate_media(reduced_motion="reduce")
    assert explorer.page.evaluate(moving) == 0


def test_every_plot_and_field_has_a_name(shared):
    for state in STATES.values():
        shared.go(**state)
        nameless = shared.page.evaluate(
            """() => [...document.querySelectorAll("svg.plot, input, select, textarea, [role=slider]")]
            .filter(e => e.checkVisibility() && !e.getAttribute("aria-label") && !e.labels?.length)
            .map(e => e.outerHTML.slice(0, 100))"""
        )
        assert nameless == []
        described = shared.page.evaluate(
            """() => [...document.querySelectorAll("[aria-describedby]")]
            .map(e => document.getElementById(e.getAttribute("aria-describedby")))
            .filter(e => !e?.textContent).length"""
        )
        assert described == 0
