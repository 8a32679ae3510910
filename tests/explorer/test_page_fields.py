"""Numbers fit their fields, and what is wrong with one is said where it stands."""

import pytest
from sizes import SIZES

from browsing import expect

WRONG = [
    ("batch_size", "0", "batch_size=0 given; it must be a whole number from 1 to 10000."),
    ("batch_size", "-3", "batch_size=-3 given; it must be a whole number from 1 to 10000."),
    ("batch_size", "2.5", "batch_size=2.5 given; it must be a whole number from 1 to 10000."),
    ("batch_size", "", "This is not a number."),
    ("eps", "-1", "eps=-1 given; it must be"),
    (
        "eps",
        "1e300",
        "eps=1e+300 given; here it must be one name, or one number of at most 1,000,000.",
    ),
    ("momentum", "1.5", "momentum=1.5 given; it must be"),
    ("weight", "1e9", "a number from -100 to 100"),
]


def field(explorer, name):
    return explorer.control(name).locator("..").locator("input[type=number]")


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_wrong_number_is_told_at_its_field_which_goes_back_to_what_holds(at, size):
    explorer = at(size, batch_size=16, eps=0.25, momentum=0.3)
    before = explorer.scene["state"]
    for name, given, words in WRONG:
        held = field(explorer, name).input_value()
        explorer.type(name, given)
        box = field(explorer, name)
        expect(box).to_have_attribute("aria-invalid", "true")
        told = explorer.page.locator(f"#{box.get_attribute('aria-describedby')}")
        expect(told).to_contain_text(words)
        assert told.get_attribute("role") == "alert"
        expect(box).to_have_value(held)
        assert explorer.scene["state"] == before
        expect(explorer.error).to_be_hidden()
        expect(explorer.problems).to_be_hidden()
    explorer.type("batch_size", 32)
    expect(field(explorer, "batch_size")).not_to_have_attribute("aria-invalid", "true")
    explorer.says("4 batches of 32")


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_every_number_fits_its_field(at, size):
    explorer = at(size, norm="rms")
    cut = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.value)"
    assert field(explorer, "eps").input_value() == "1.19209e-7"
    for state in ({"norm": "rms"}, {"norm": "gdn", "sigma": 1.23456e-5}, {"mean": [-12345.6, 1e6]}):
        explorer.go(**state)
        assert explorer["input[type=number]"].evaluate_all(cut) == []
