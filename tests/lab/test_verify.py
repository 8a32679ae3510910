"""Running again from a numbers.json: what moved, and what is no record at all."""

import json
import math

import numpy as np
import pytest
import torch

from normlab import lab
from normlab.errors import DataError, SettingError
from normlab.lab.verify import differences, verify_file

NAN = math.nan


@pytest.mark.parametrize(
    ("was", "now", "moved"),
    [
        (1.0, 1.0, False),
        (1.0, 1.0 + 9e-7, False),
        (1.0, 1.0 + 2e-6, True),
        (1e-9, 0.0, False),
        (1e-5, 0.0, True),
        (1e9, 1e9 + 900, False),
        (1e9, 1e9 + 2000, True),
        (-3.0, 3.0, True),
        (None, NAN, False),
        (None, math.inf, False),
        (None, 1.0, True),
        (1.0, NAN, True),
        (3, 3.0, False),
    ],
)
def test_what_counts_as_moved(was, now, moved):
    assert bool(differences({"a": was}, {"a": now})) == moved


def test_numbers_that_appear_or_are_gone():
    assert differences({"old": 1.0}, {"new": 2.0}) == [
        ("old", 1.0, "absent"),
        ("new", "absent", 2.0),
    ]


def record_of(**settings):
    return json.loads(lab.run("chapter", **settings).json())


def verified(tmp_path, record, as_json=False):
    path, said = tmp_path / "numbers.json", []
    path.write_text(json.dumps(record))
    return verify_file(path, said.append, as_json), "\n".join(said)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"norm": "gdn"},
        {"norm": "layer", "weight": (2, 3)},
        {"shuffle": True, "seed": -3, "eps": 1e-3},
        {"data": "table.csv", "columns": ["b", "a"], "batch_size": 4},
        {"data": "table.csv", "drop_missing": True, "norm": "rms"},
    ],
    ids=str,
)
def test_a_fresh_record_holds(tmp_path, monkeypatch, settings):
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(12, 2))
    (tmp_path / "table.csv").write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
    record = record_of(**settings)
    code, said = verified(tmp_path, record)
    count = len(record["numbers"])
    assert (code, said) == (0, f"0 of {count} numbers moved; 0 differ by rounding only.")


def test_what_moved_is_named_with_its_change(tmp_path):
    record = record_of(samples=16)
    count = len(record["numbers"])
    record["numbers"]["before.mean.Feature 1"] += 0.25
    record["numbers"]["brain.at_sigma"] += 1e-9
    record["numbers"]["gone"] = 7
    del record["numbers"]["brain.suppression"]
    record["versions"] |= {"torch": "0.4", "python": "2.7"}
    code, said = verified(tmp_path, record)
    lines = said.splitlines()
    assert code == 1
    assert lines[0] == f"torch was 0.4, is {torch.__version__}"
    assert lines[1].startswith("python was 2.7, is 3.")
    assert lines[2].startswith("moved: before.mean.Feature 1: ")
    assert lines[2].endswith(" (by -0.25)")
    assert lines[3] == "moved: gone: 7 -> absent"
    assert lines[4].startswith("moved: brain.suppression: absent -> 0.121")
    assert lines[5] == f"3 of {count + 1} numbers moved; 1 differ by rounding only."
    code, told = verified(tmp_path, record, as_json=True)
    found = json.loads(told)
    assert code == 1
    assert [m["number"] for m in found["moved"]] == [
        "before.mean.Feature 1",
        "gone",
        "brain.suppression",
    ]
    assert (found["numbers"], found["rounding"]) == (count + 1, 1)
    assert found["versions"]["torch"] == {"was": "0.4", "is": torch.__version__}


GOOD = {"experiment": "chapter", "settings": {}, "versions": {}, "numbers": {}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON: Expecting value: line 1"),
        ("\x00\x01", "is not JSON: "),
        ("[" * 100_000, "is not JSON: "),
        ("[]", "lacks the keys experiment, numbers, settings, versions; give"),
        ("3", "lacks the keys experiment"),
        ('{"numbers": {}}', "lacks the keys experiment"),
        (GOOD | {"settings": []}, "has a list as its settings; give a numbers.json of a run."),
        (GOOD | {"versions": None}, "has a NoneType as its versions"),
        (GOOD | {"numbers": 3}, "has a int as its numbers"),
        (GOOD | {"experiment": ["chapter"]}, "has a list as its experiment"),
        (GOOD | {"experiment": "cortx"}, "is of experiment 'cortx', which is unknown here"),
        (GOOD | {"numbers": {"a": "1"}}, "has a str as its number 'a'"),
        (GOOD | {"numbers": {"a": [1]}}, "has a list as its number 'a'"),
        (GOOD | {"numbers": {"a": True}}, "has a bool as its number 'a'"),
        (GOOD | {"settings": {"say": 1}}, "has say among its settings, which are none"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_no_record(tmp_path, text, problem):
    path = tmp_path / "numbers.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    with pytest.raises(DataError) as caught:
        verify_file(path, pytest.fail)
    assert str(caught.value).startswith(f"{str(path)!r} {problem}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"speed": 3},
        {"batch_size": "eight"},
        {"weight": None},
        {"drop_last": "yes"},
        {"norm": []},
        {"device": None},
        {"mean": {}},
        {"samples": 1e9},
        {"data": 5},
        {"data": ["a"]},
        {"data": "(an array)"},
        {"data": "gone.csv"},
        {"data": "gone.csv", "samples": 3},
        {"columns": ["a"]},
        {"seed": 2.5},
    ],
    ids=str,
)
def test_settings_edited_to_nonsense(tmp_path, settings):
    with pytest.raises((DataError, SettingError)) as caught:
        verified(tmp_path, GOOD | {"settings": settings})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"), [("gone.json", "No such file"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read(tmp_path, name, reason):
    with pytest.raises(DataError, match=f"cannot read .*: {reason}.*Give a numbers.json of a run"):
        verify_file(tmp_path / name, pytest.fail)
