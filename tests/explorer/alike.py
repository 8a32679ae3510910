"""What a saved page computes, asked of the page itself, and whether it is what Python answers."""

import json
import re

import numpy as np
import pytest
from exported import asked

OPERANDS = 1e-9  # of the larger of 1 and the operand
SINGLE = 3e-7  # what is sent in single precision
LAST_DIGIT = 1.1e-3  # of four digits, where a number lies halfway between two that can be shown
NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-+−]\d+)?")
ASK = """states => {
  const { model } = document.getElementById("explorer");
  const finite = (value) => (Number.isFinite(value) ? value : null);
  const numbers = ({ bytes }, view) => {
    const kind = bytes === 8 ? Float64Array : Float32Array;
    return Array.from(new kind(view.buffer, view.byteOffset, view.byteLength / bytes), finite);
  };
  return JSON.stringify(states.map((state) => {
    const [header, buffers] = model.answer({ type: "scene", state });
    return [header, (header.arrays ?? []).map((told, i) => numbers(told, buffers[i]))];
  }));
}"""


def computed(page, states):
    """Headers and arrays, as the page's own script computes them."""
    page.wait_for_function("document.getElementById('explorer')?.model")
    return json.loads(page.evaluate(ASK, states))


def agree(page, states, talk=None):
    """The page computes what Python does for each of these states: every number, sentence and line of code.

    Gives how many of them have a picture.
    """
    drawn = 0
    for state, (header, found) in zip(states, computed(page, states), strict=True):
        expected, values = asked(talk, **state)
        drawn += expected["type"] == "scene"
        try:
            _headers(header, json.loads(json.dumps(expected)), values)
            for (name, array), numbers in zip(values.items(), found, strict=True):
                _arrays(name, numbers, array)
        except AssertionError as error:
            raise AssertionError(f"{state}: {error}") from error
    return drawn


def _headers(found, expected, values):
    del expected["seq"]
    for control in found["controls"]:
        control.pop("values", None)  # which of them the file holds
    if expected["type"] == "refused":
        assert found.pop("words") and expected.pop("words")  # each has its own
    else:
        _histograms(found, expected, values)
    _same(found, expected, "")


def _same(found, expected, where):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name, value in expected.items():
            _same(found[name], value, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            _same(one, other, f"{where}[{i}]")
    elif isinstance(expected, str):
        _words(found, expected, where)
    elif isinstance(expected, bool) or expected is None:
        assert found is expected, where
    else:
        assert found == pytest.approx(expected, rel=OPERANDS, abs=OPERANDS), where


def _words(found, expected, where):
    """The same words, and the same numbers but for a last digit."""
    if found == expected:
        return
    assert NUMBER.sub("#", found) == NUMBER.sub("#", expected), where
    for one, other in zip(NUMBER.findall(found), NUMBER.findall(expected), strict=True):
        numbers = [float(text.replace("−", "-")) for text in (one, other)]
        assert numbers[0] == pytest.approx(numbers[1], rel=LAST_DIGIT), where


def _histograms(found, expected, values):
    """Equal, but for values that lie on the edge of two bins: those may be counted on either side."""
    for i, (one, other) in enumerate(
        zip(found.get("histograms", []), expected.get("histograms", []), strict=True)
    ):
        for side in ("before", "after"):
            low, high = other[side]["low"], other[side]["high"]
            edges = np.linspace(low, high, len(other[side]["all"]) + 1)
            array = values[side] if expected["data"]["view"] == "block" else values[side][:, i]
            near = (np.abs(array.ravel()[:, None] - edges) < 1e-9 * (high - low)).sum(0)
            for counts in ("all", "batch"):
                apart = np.cumsum(one[side].pop(counts)) - np.cumsum(other[side].pop(counts))
                assert (np.abs(apart) <= near[1:]).all(), (side, counts)


def _arrays(name, numbers, array):
    flat = array.astype(float).ravel()
    found = np.array([np.nan if number is None else number for number in numbers])
    close = OPERANDS if array.itemsize == 8 else SINGLE
    within = close * np.maximum(1, np.abs(flat[np.isfinite(flat)]))
    assert (np.isfinite(found) == np.isfinite(flat)).all(), name
    assert (np.abs(found - flat)[np.isfinite(flat)] <= within).all(), name
