"""The tour and the presets: walked to the end, and every number that their words claim is on the page."""

import json
import re
from importlib.resources import files

import pytest
from claims import CLAIMS, PRESET_CLAIMS, answer
from sizes import SIZES

from browsing import expect
from normlab.explorer.model.presets import PRESETS, TOUR

WORDS = json.loads(files("normlab.explorer").joinpath("strings.json").read_text("utf-8"))
WITHOUT = {"hand", "end"}  # no number is claimed there


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


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_what_a_step_speaks_of_is_seen_above_it(at, size):
    explorer = at(size, folded=True)
    explorer.button("Tour").click()
    for i, step in enumerate(TOUR):
        explorer.settled()
        title, tour = explorer[f".panel.{step.look} h2"].first, explorer[".tour"]
        expect(title).to_be_in_viewport(ratio=1)
        bottom = title.bounding_box()["y"] + title.bounding_box()["height"]
        assert bottom <= tour.bounding_box()["y"], step.name
        if i < len(TOUR) - 1:
            explorer.button("Next").click()


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
