"""Every option of the chapter, on made-up and awkward data: claims get an outcome, pages a picture."""

import json
import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_iris

from normlab import lab, table
from normlab.errors import DataError, SettingError
from normlab.lab.chapter.settings import ARRAY
from normlab.report.page import Note, Picture

NORMS = [name for name, row in table.items() if not row.needs_space]
SLOW = pytest.mark.slow
RANDOM = np.random.default_rng(0)
NORMAL, LINE = RANDOM.normal(size=(40, 3)), RANDOM.normal(size=(40, 1))
CONSTANT = np.c_[NORMAL[:, :1], np.full(40, 0.1)]  # a mean that rounds: its std is not exactly 0

DATA = {
    "the chapter's": {},
    "1 feature": {"mean": 1, "std": 2},
    "3 features": {"mean": (1, 2, 3), "std": (1, 2, 3)},
    "2 samples": {"samples": 2},
    "3 samples": {"samples": 3, "batch_size": 3},
    "breast cancer": {"data": load_breast_cancer().data, "drop_last": True},  # 569 = 71 · 8 + 1
    "iris, sorted": {"data": load_iris().data, "batch_size": 25},
    "a constant column": {"data": CONSTANT},
    "a constant first column": {"data": CONSTANT[:, ::-1]},
    "all constant": {"data": np.full((16, 2), 0.1)},
    "whole numbers": {"data": np.arange(32).reshape(16, 2) ** 2},
    "booleans": {"data": NORMAL[:, :2] > 0},
    "on a line": {"data": LINE @ np.ones((1, 3)) + [0, 1, 2]},
    "far away": {"data": NORMAL + 1e8},
    "far away in float32": {"data": (NORMAL + 1e4).astype(np.float32)},
    "tiny": {"data": NORMAL * 1e-20},
    "huge": {"data": NORMAL * 1e18},
    "a tensor": {"data": torch.tensor(NORMAL, dtype=torch.float32, requires_grad=True)},
    "half precision": {"data": torch.tensor(NORMAL).half()},
    "other bytes": {"data": NORMAL.astype(">f4")[::-1]},
}
OPTIONS = {
    "batch of 2": {"batch_size": 2},
    "batch of 1": {"batch_size": 1},
    "batch > data": {"batch_size": 1000},
    "batch of 10²⁹": {"batch_size": 10**29},
    "a smaller last batch": {"batch_size": 24},
    "drop_last": {"batch_size": 127, "drop_last": True},
    "shuffle": {"shuffle": True, "seed": 5},
    "weight and bias": {"weight": (-2.0, 3.0), "bias": (1.0, 2.0)},
    "weight 0": {"weight": 0.0, "bias": torch.tensor(7.0)},
    "momentum 0": {"momentum": 0.0},
    "momentum 1": {"momentum": 1},
    "cpu": {"device": "cpu"},
}
# what does not hold, or cannot be known, and rightly so
EXCUSED = {
    "iris, sorted": {"size.root", "running.settled"},
    "breast cancer": {"size.root"},
    "on a line": {"inputs.easier"},
    "all constant": {"size.root"},
    "momentum 0": {"running.settled"},
}


def run(case, norm, **settings):
    result = lab.run("chapter", norm=norm, **settings)
    assert {verdict.outcome for verdict in result.verdicts} <= {
        "holds",
        "does not hold",
        "inconclusive",
    }
    failed = {v.claim.name: v.measured for v in result.verdicts if v.outcome != "holds"}
    allowed = EXCUSED.get(case, set()) | {"std_plus_eps.equal"}
    assert not {name: value for name, value in failed.items() if name not in allowed}
    told = json.loads(result.json(), parse_constant=pytest.fail)
    assert told["settings"]["norm"] == norm
    shown = [b.figure_name for s in result.record.sections for b in s.blocks if type(b) is Picture]
    assert sorted(shown) == sorted(result.figures)
    return result


def refused(norm, settings, features):
    """Whether torch's layer, or common sense, has no variance to divide by."""
    one_row = settings.get("batch_size", 8) == 1 and table[norm].uses_batch
    return one_row or (features == 1 and norm in ("layer", "group"))


def dealt(cases):
    """Every case with batch norm and one other, each in its turn; all other pairs are for test-all."""
    _, *others = NORMS
    for i, case in enumerate(cases):
        for norm in NORMS:
            chosen = norm in (NORMS[0], others[i % len(others)])
            yield pytest.param(case, norm, marks=() if chosen else SLOW)


@pytest.mark.parametrize(("case", "norm"), list(dealt(DATA)))
def test_data(case, norm):
    settings = DATA[case]
    if refused(norm, settings, 1 if case == "1 feature" else 2):
        with pytest.raises(DataError, match="pools the columns of a row, and there is one"):
            lab.run("chapter", norm=norm, **settings)
    else:
        result = run(case, norm, **settings)
        assert result.settings.get("data") == (ARRAY if "data" in settings else None)


@pytest.mark.parametrize(("case", "norm"), list(dealt(OPTIONS)))
def test_options(case, norm):
    settings = OPTIONS[case]
    if refused(norm, settings, 2):
        with pytest.raises(DataError, match="Use a larger --batch-size"):
            lab.run("chapter", norm=norm, **settings)
    elif "weight" in settings and table[norm].affine is None:
        with pytest.raises(SettingError, match="has no weight and bias"):
            lab.run("chapter", norm=norm, **settings)
    else:
        run(case, norm, **settings)


def test_weight_and_bias_show_in_the_output():
    numbers = lab.run("chapter", weight=(-2, 3), bias=(1, 2)).numbers
    for name, weight, bias in (("Feature 1", 2, 1), ("Feature 2", 3, 2)):
        assert numbers[f"after.mean.{name}"] == pytest.approx(bias, abs=1e-5)
        assert numbers[f"after.std.{name}"] == pytest.approx(weight * (128 / 127) ** 0.5, rel=1e-4)


def test_shuffle_moves_rows_and_seed_repeats_them():
    plain, one, again, other = (
        lab.run("chapter", data=NORMAL, **s).numbers["batches.before.mean.spread.Feature 1"]
        for s in ({}, *({"shuffle": True, "seed": seed} for seed in (1, 1, 2)))
    )
    assert one == again
    assert len({plain, one, other}) == 3


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        ({"batch_size": 24}, 40),
        ({"batch_size": 24, "drop_last": True}, 24),
        ({"batch_size": 64}, 40),
    ],
)
def test_how_many_rows_are_used(settings, rows):
    numbers = lab.run("chapter", data=NORMAL, **settings).numbers
    expected = NORMAL[:rows, 0].mean()
    assert numbers["before.mean.Feature 1"] == pytest.approx(expected, rel=1e-12)


def test_sorted_rows_are_told_apart_from_shuffled_ones():
    data = load_iris().data
    outcomes = {
        shuffle: {
            v.claim.name: (v.outcome, v.detail)
            for v in lab.run("chapter", data=data, batch_size=25, shuffle=shuffle).verdicts
        }
        for shuffle in (False, True)
    }
    assert outcomes[False]["size.root"] == (
        "does not hold",
        "rows in the order of the file; try --shuffle",
    )
    assert outcomes[True]["size.root"] == ("holds", "")


@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        (
            {"data": CONSTANT},
            "Column 'Feature 2' is constant: its variance is 0, so it becomes its bias.",
        ),
        (
            {"data": CONSTANT, "norm": "layer"},
            "Column 'Feature 2' is constant: its variance is 0; batch normalisation would erase it.",
        ),
        (
            {"batch_size": 1000},
            "The batch size 1000 is larger than the data: there is one batch, of all 128 rows.",
        ),
    ],
)
def test_what_goes_on_with_a_warning(settings, warning):
    result = lab.run("chapter", **settings)
    first = result.record.sections[0]
    assert (first.title, first.blocks) == ("About these data", (Note(warning, "warning"),))
    assert all(map(math.isfinite, result.numbers.values()))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": NORMAL, "samples": 3}, "samples describe points that are drawn without data"),
        ({"data": NORMAL, "columns": "a"}, "columns and drop_missing belong to a file"),
        ({"data": NORMAL, "drop_missing": True}, "columns and drop_missing belong to a file"),
        ({"columns": ["a"]}, "columns belong to a file; leave them out, or give data"),
        ({"drop_missing": True}, "drop_missing belong to a file"),
        ({"data": NORMAL[0]}, "data has shape (3,); give rows × columns, 2 rows or more."),
        ({"data": NORMAL[:1]}, "data has shape (1, 3)"),
        ({"data": NORMAL[:, :0]}, "data has shape (40, 0)"),
        ({"data": np.array([["a", "b"]] * 3)}, "data has dtype <U1; give numbers."),
        ({"data": NORMAL * 1j}, "data has dtype complex128; give numbers."),
        ({"data": torch.ones(4, 2, dtype=torch.cfloat)}, "data has dtype torch.complex64"),
        ({"data": np.where(NORMAL > 2, np.nan, NORMAL)}, "data has NaN or infinite values"),
        ({"data": NORMAL * 1e200}, "column 'Feature 1' has values too large to be squared"),
        ({"data": [[1.0, 2.0], [3.0, 4.0]]}, "data is a list; give a file, a tensor or"),
        ({"data": 5}, "data is a int; give a file"),
        ({"data": ARRAY}, "the data were an array in Python"),
        ({"eps": 0.0}, "eps=0 given; torch's batch normalisation needs eps > 0"),
        ({"eps": 1e-5, "norm": "gdn"}, "norm 'gdn' has no eps; it has sigma, pool_weight."),
        ({"norm": "instance"}, "norm 'instance' pools over space"),
        ({"norm": "bach"}, "No normaliser 'bach'. Did you mean 'batch'?"),
        ({"weight": (1, 2, 3)}, "weight has 3 values, and the data 2 features"),
        ({"device": "meta"}, "device 'meta' cannot be used here"),
        ({"device": "sofa"}, "device 'sofa' cannot be used here"),
    ],
    ids=str,
)
def test_what_is_refused(settings, message):
    with pytest.raises((DataError, SettingError)) as caught:
        lab.run("chapter", **settings)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("case", "norm"),
    [
        ("all constant", "batch"),
        ("1 feature", "gdn1"),
        pytest.param("breast cancer", "batch", marks=SLOW),  # the chapter's own: tests/test_cli.py
        pytest.param("the chapter's", "layer", marks=SLOW),
        pytest.param("2 samples", "rms", marks=SLOW),
        pytest.param("far away in float32", "gdn", marks=SLOW),
    ],
)
def test_drawn_and_rendered(case, norm):
    result = lab.run("chapter", norm=norm, **DATA[case])
    page = result.html()
    for name, drawn in result.drawn.items():
        assert drawn.png.startswith(b"\x89PNG")
        assert f'id="figure-{name}"' in page
