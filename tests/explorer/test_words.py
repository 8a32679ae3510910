"""Every word is in one file, and every word in it is said."""

import re
import string
from pathlib import Path

import pytest

import normlab.explorer
from normlab.explorer.model import presets
from normlab.explorer.model.words import strings

PACKAGE = Path(normlab.explorer.__file__).parent
WEB = PACKAGE.parents[2] / "web" / "src"
SOURCES = [*PACKAGE.rglob("*.py"), *WEB.glob("*.js")]
TEXT = "\n".join(path.read_text() for path in SOURCES)


def patterns():
    """Keys as they stand in the sources: literal, or with parts that are filled in."""
    inner = r"(?=[`\"']([^`\"'\s]+)[`\"'])"  # looked ahead, since templates lie within templates
    for key in set(re.findall(inner, TEXT)):
        literal, *rest = re.split(r"\$?\{[^}]*\}", key)
        if any(part.strip(".") for part in (literal, *rest)):  # not of filled in parts alone
            yield re.compile(r"[\w.]+".join(map(re.escape, (literal, *rest))))


def test_every_word_is_said():
    known = list(patterns())
    never = [key for key in strings() if not any(pattern.fullmatch(key) for pattern in known)]
    assert never == []


def test_every_literal_key_has_words():
    said = re.findall(r'\b(?:say|app\.words)\("([a-z][a-z_.]+)"', TEXT)
    assert len(said) > 60
    assert sorted({key for key in said if key not in strings()}) == []


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_says_what_to_notice(name):
    assert strings()[f"preset.{name}"]
    assert strings()[f"preset.{name}.notice"].endswith(".")


@pytest.mark.parametrize("step", presets.TOUR, ids=lambda step: step.name)
def test_every_step_of_the_tour_has_its_words(step):
    words = strings()
    assert words[f"tour.{step.name}.title"] and words[f"tour.{step.name}.text"]
    if step.answer is not None:
        choices = words[f"tour.{step.name}.choices"].split("|")
        assert len(choices) == 3 and 0 <= step.right < 3
        assert words[f"tour.{step.name}.question"] and words[f"tour.{step.name}.answer"]


def test_texts_can_be_filled_in():
    for key, text in strings().items():
        assert all(name != "" for _, name, _, _ in string.Formatter().parse(text)), key
