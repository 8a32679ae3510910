"""The tour and the presets: walked to the end, and every number that their words claim is on the page."""

import json
import math
import re
from importlib.resources import files

import checks
import pytest
from checks import number
from playwright.sync_api import expect

from normlab.explorer.presets import PRESETS, TOUR

WORDS = json.loads(files("normlab.explorer").joinpath("strings.json").read_text("utf-8"))


def answer(explorer, right=True):
    """Answer the open question of a step; gives what is said then."""
    at = explorer.scene["state"]["tour"]
    choice = TOUR[at].right if right else (TOUR[at].right + 1) % 3
    explorer[".tour .answers button"].nth(choice).click()
    explorer.settled()
    return explorer[".tour .answer"].text_content()


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_the_tour_is_walked_to_its_end(at, right):
    explorer = at()
    explorer.button("Tour").click()
    for i, step in enumerate(TOUR):
        explorer.settled()
        expect(explorer[".tour .place"]).to_have_text(f"{i + 1} of {len(TOUR)}")
        expect(explorer[".tour h2"]).to_have_text(WORDS[f"tour.{step.name}.title"])
        expect(explorer[".tour h2"]).to_be_focused()
        expect(explorer[f".panel.{step.look}"]).to_have_class(re.compile("looked"))
        if step.answer is not None:
            answers = explorer[".tour .answers button"]
            expect(answers).to_have_text(WORDS[f"tour.{step.name}.choices"].split("|"))
            told = WORDS[f"tour.{step.name}.answer"]
            assert told not in explorer[".tour"].text_content()  # before it is asked for
            said = answer(explorer, right)
            assert said == f"{WORDS['tour.right' if right else 'tour.wrong']} {told}"
            expect(answers.nth(step.right)).to_have_class(re.compile("right"))
            expect(explorer.button("Next")).to_be_focused()
        if i < len(TOUR) - 1:
            explorer.button("Next").click()
    expect(explorer.button("Next")).to_be_disabled()
    explorer.button("Back").click()
    expect(explorer[".tour .place"]).to_have_text(f"{len(TOUR) - 1} of {len(TOUR)}")
    explorer.settled().button("End the tour").click()
    expect(explorer[".tour"]).to_be_hidden()
    expect(explorer[".looked"]).to_have_count(0)
    explorer.settled().clean()


def values(explorer, column):
    return [row[column] for row in explorer.values.values()]


def spread(found):
    mean = math.fsum(found) / len(found)
    return math.sqrt(math.fsum((x - mean) ** 2 for x in found) / (len(found) - 1))


def mean(found):
    return math.fsum(found) / len(found)


def points(page):
    assert len(page.values) == 128
    found = [(mean(values(page, i)), spread(values(page, i))) for i in (0, 1)]
    assert found[0] == pytest.approx((10, 4), rel=0.05) and found[1] == pytest.approx(
        (-5, 1), rel=0.15
    )


def batch(page):
    page.says("in 16 batches of 8")
    for first in (0, 40, 120):
        part = values(page, 2)[first : first + 8]
        assert mean(part) == pytest.approx(0, abs=1e-5)
        assert mean([y * y for y in part]) == pytest.approx(1, abs=1e-4)


def size(page):
    answer(page)
    page.says("64 batches of 2")
    assert {round(abs(y), 2) for column in (2, 3) for y in values(page, column)} == {1.0}


def outlier(page):
    x = values(page, 0)
    assert (max(x) - 10) / 4 == pytest.approx(8)  # eight standard deviations away
    chapter = page.arrays["after"]
    answer(page)
    expect(page["table.operands caption"]).to_contain_text("Point 3:")
    pool = number(page.operands["pool"][0])
    outside = [row for row in page.values if not 0 <= row < 8]
    page.go()
    assert pool > 5 * number(page.operands["pool"][0])
    assert len(outside) == 15 * 8  # the other fifteen batches
    assert [chapter[2 * row] for row in outside] == [
        page.arrays["after"][2 * row] for row in outside
    ]


def running(page):
    told = page[".batches [role=img]"].first.get_attribute("aria-label")
    assert "of all data 10.1" in told
    answer(page)
    kept = checks.running(page.page)
    lacking = 1 - kept["mean", "Feature 1"] / 10.1
    assert lacking == pytest.approx(0.9**16, abs=0.03) and f"{0.9**16:.2f}" == "0.19"
    assert f"{kept['mean', 'Feature 1']:.1f}" == "8.3"
    expect(page[".batches .seen"]).to_have_count(16)  # one round
    assert page.scene["state"]["momentum"] == 0.1


def evaluated(page):
    answer(page)
    page.says("after 3 steps")
    kept = checks.running(page.page)
    assert kept["mean", "Feature 1"] / 10 == pytest.approx(0.25, abs=0.05)  # a quarter of the way
    assert mean(values(page, 2)) > 2 and spread(values(page, 2)) > 1.5  # off centre and too wide


def affine(page):
    plain = values(page, 2), values(page, 3)
    answer(page)
    moved = values(page, 2), values(page, 3)
    assert moved[0] == pytest.approx([2 * y + 3 for y in plain[0]], abs=1e-4)
    assert moved[1] == pytest.approx([2 * y for y in plain[1]], abs=1e-4)


def layer(page):
    answer(page)
    assert {(round(row[2], 2), round(row[3], 2)) for row in page.values.values()} <= {
        (1, -1),
        (-1, 1),
    }


def space(page):
    assert page.scene["data"]["shape"] == [4, 4, 8, 8]  # four images, four filters
    assert page.scene["cells"]["pooled"] == 4 * 64  # one filter, all images
    answer(page)
    assert page.scene["cells"]["pooled"] == 64  # one image, one filter


def cortex(page):
    state = page.scene["state"]
    sigma, power = state["sigma"], state["power"]
    alone = page.arrays
    near = min(range(61), key=lambda i: abs(alone["before"][i] - sigma))
    at_sigma = 1 / (1 + (sigma / alone["before"][near]) ** power)
    assert alone["after"][near] == pytest.approx(at_sigma, rel=1e-9)
    assert at_sigma == pytest.approx(0.5, abs=0.03)  # half
    answer(page)
    masked = page.arrays
    assert all(m <= a + 1e-12 for m, a in zip(masked["after"], alone["after"], strict=True))
    assert masked["after"][near] < 0.5 * alone["after"][near]
    assert masked["after"][-1] > 0.95 * alone["after"][-1]  # at high contrast it hardly notices


def alexnet(page):
    assert page.scene["data"]["shape"] == [1, 16]
    quiet = page.arrays
    answer(page)
    loud = page.arrays
    assert loud["before"][8] == 20 * quiet["before"][8]
    changed = [c for c in range(16) if abs(loud["after"][c] - quiet["after"][c]) > 1e-9]
    assert changed == [6, 7, 8, 9, 10]  # two on either side, and itself


CLAIMS = {
    "points": points, "batch": batch, "size": size, "outlier": outlier, "running": running,
    "eval": evaluated, "affine": affine, "layer": layer, "space": space, "cortex": cortex,
    "alexnet": alexnet,
}  # fmt: skip
WITHOUT = {"hand", "end"}  # no number is claimed there


def test_every_step_is_checked_or_claims_nothing():
    assert {*CLAIMS, *WITHOUT} == {step.name for step in TOUR}
    for name in WITHOUT:
        words = " ".join(text for key, text in WORDS.items() if key.startswith(f"tour.{name}."))
        assert not re.search(r"\d", words)


@pytest.mark.parametrize("name", CLAIMS)
def test_what_a_step_claims_is_on_the_page(shared, name):
    step = next(i for i, step in enumerate(TOUR) if step.name == name)
    shared.go()
    if not shared[".tour"].is_visible():
        shared.button("Tour").click()
        shared.settled()
    for _ in range(step):
        shared.button("Next").click()
        shared.settled()
    CLAIMS[name](shared)


def stands_at(page, words):
    assert words in page.status


PRESET_CLAIMS = {
    "chapter": lambda page: stands_at(page, "standard deviation 1.0039 · 1.0039"),
    "tiny": lambda page: size_of(page, 1.0),
    "rms": lambda page: length_of(page, math.sqrt(2)),
    "far": lambda page: stands_at(page, "after 16 steps"),
    "early": lambda page: stands_at(page, "after 3 steps"),
    "layer": lambda page: layer_of(page),
}


def size_of(page, expected):
    assert {round(abs(y), 2) for y in values(page, 2)} == {expected}


def length_of(page, expected):
    assert [math.hypot(*row[2:]) for row in page.values.values()] == pytest.approx(
        [expected] * 128, rel=1e-4
    )


def layer_of(page):
    assert {(round(row[2], 2), round(row[3], 2)) for row in page.values.values()} <= {
        (1, -1),
        (-1, 1),
    }


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_drawn_and_says_what_to_notice(shared, name):
    shared.page.get_by_role("combobox", name="Presets").select_option("")
    shared.page.get_by_role("combobox", name="Presets").select_option(name)
    shared.settled()
    expect(shared[".notice"]).to_have_text(WORDS[f"preset.{name}.notice"])
    expect(shared.error).to_be_hidden()
    expect(shared.problems).to_be_hidden()
    view = shared.scene["data"]["view"]
    marks = {
        "cloud": ".points circle",
        "block": ".tiles rect",
        "bank": ".bank rect",
        "contrast": ".curve",
    }
    assert shared[f".panel.after {marks[view]}"].count() >= 2
    if name in PRESET_CLAIMS:
        PRESET_CLAIMS[name](shared)
    shared.clean()
    shared.choose("norm", "gdn")
    expect(shared[".notice"]).to_be_hidden()


def test_presets_that_claim_numbers_are_checked():
    told = {name for name in PRESETS if re.search(r"\d", WORDS[f"preset.{name}.notice"])}
    assert told <= set(PRESET_CLAIMS)
