"""The explorer as it opens: what it asks for, what it shows, its fonts, and the chapter's numbers."""

import checks


def test_nothing_leaves_this_machine_and_nothing_complains(at):
    explorer = at()
    explorer.press("Step").choose("mode", "eval")
    explorer.go(data="image", norm="local_contrast", size=5)
    explorer.go(data="contrast", norm="divisive", masking=20)
    explorer["details.valuesbox summary"].click()
    explorer.clean()
    assert f"ws{explorer.address.removeprefix('http')}socket" in explorer.watched.requests


def test_it_begins_with_the_numbers_of_the_chapter(at):
    checks.begins_with_the_numbers_of_the_chapter(at().page)


def test_formulas_are_set_in_their_own_fonts(at):
    checks.has_set_its_formulas_in_its_own_fonts(at().page)
