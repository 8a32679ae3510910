"""The explorer as it opens: what it asks for, what it shows, its fonts, and the chapter's numbers."""

from sizes import PHONE

import checks


def test_nothing_leaves_this_machine_and_nothing_complains(at):
    explorer = at()
    explorer.press("Next batch").choose("mode", "eval")
    explorer.go(data="image", norm="local_contrast", size=5)
    explorer.go(data="contrast", norm="divisive", masking=20)
    explorer["details.valuesbox summary"].click()
    explorer.clean()
    assert f"ws{explorer.address.removeprefix('http')}socket" in explorer.watched.requests


def test_it_begins_with_the_numbers_of_the_chapter(at):
    checks.begins_with_the_numbers_of_the_chapter(at().page)


def test_formulas_are_set_in_their_own_fonts(at):
    checks.has_set_its_formulas_in_its_own_fonts(at().page)


def test_on_a_phone_what_can_be_dragged_and_what_comes_of_it_are_on_the_first_screen(at):
    page = at(PHONE, first=True, folded=True).page
    places = page.evaluate(
        "[...document.querySelectorAll('.scatter .ring')].map(e => e.getBoundingClientRect().bottom)"
    )
    assert len(places) == 2 and max(places) < PHONE["viewport"]["height"]
    assert places == sorted(places)  # before is above after
