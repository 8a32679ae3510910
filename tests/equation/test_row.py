"""A row checks its laws when it is made, its settings when they are given, and never changes."""

from dataclasses import FrozenInstanceError, replace
from types import MappingProxyType

import pytest
import torch

from cases import SETTINGS, exact
from normlab import table
from normlab.equation.cells import cell_map
from normlab.equation.domains import POSITIVE
from normlab.equation.formula import latex, text
from normlab.equation.pools import Axes
from normlab.equation.row import Setting, Sigma, Source
from normlab.equation.table import find
from normlab.errors import SettingError

BATCH, RMS, LRN, DIVISIVE = (table[n] for n in ("batch", "rms", "local_response", "divisive"))
EPS = BATCH.settings[0]

BROKEN = {
    "setting twice": (
        BATCH,
        {"settings": (EPS, EPS)},
        "batch: a setting is listed twice in ['eps', 'eps']",
    ),
    "setting missing": (
        BATCH,
        {"settings": ()},
        "batch: ['eps'] named by a column but not a setting",
    ),
    "pool's setting missing": (
        LRN,
        {"settings": LRN.settings[1:]},
        "local_response: ['size'] named by a column but not a setting",
    ),
    "power's setting missing": (
        DIVISIVE,
        {"settings": DIVISIVE.settings[:1]},
        "divisive: ['power'] named by a column but not a setting",
    ),
    "setting unused": (
        BATCH,
        {"settings": (EPS, Setting("gain", 1.0, POSITIVE, "of nothing"))},
        "batch: settings ['gain'] that no column uses",
    ),
    "default outside its domain": (
        BATCH,
        {"settings": (replace(EPS, default=-1.0),)},
        "batch: eps=-1.0 given, but it must be finite and >= 0.",
    ),
    "center of a sum": (
        BATCH,
        {"pool": Axes("n s", "sum")},
        "batch: only a pool whose weights sum to 1 can be a center",
    ),
    "center of a channel window": (
        LRN,
        {"center": True},
        "local_response: only a pool whose weights sum to 1 can be a center",
    ),
    "running without the batch": (
        RMS,
        {"running": True},
        "rms: running statistics need a pool over the batch",
    ),
    "n is 0": (BATCH, {"n": 0.0}, "batch: the power n must be > 0"),
    "m is negative": (BATCH, {"m": -1.0}, "batch: the power m must be > 0"),
    "p is 0": (BATCH, {"p": 0.0}, "batch: the power p must be > 0"),
    "σ raised outside": (
        BATCH,
        {"sigma": Sigma("eps", "outside", raised=True)},
        "batch: only a σ inside the power is raised to n",
    ),
    "σ raised in a clamp": (
        BATCH,
        {"sigma": Sigma("eps", "clamp", raised=True)},
        "batch: only a σ inside the power is raised to n",
    ),
}


@pytest.mark.parametrize(("good", "change", "message"), BROKEN.values(), ids=BROKEN)
def test_a_law_is_enforced(good, change, message):
    with pytest.raises(ValueError, match=exact(message)):
        replace(good, **change)


@pytest.mark.parametrize("over", ["", "x", "n t"])
def test_axes_are_named(over):
    message = f"Axes({over!r}): name axes out of n g c s, separated by spaces"
    with pytest.raises(ValueError, match=exact(message)):
        Axes(over)


def test_resolve_fills_in_defaults(row):
    assert row.resolve({}) == row.defaults
    assert row.resolve({row.sigma.setting: 0.25}) == row.defaults | {row.sigma.setting: 0.25}


def test_a_row_is_frozen(row):
    with pytest.raises(FrozenInstanceError):
        row.n = 3.0
    with pytest.raises(FrozenInstanceError):
        row.pool.reduce = "sum"
    assert hash(row) == hash(replace(row))


def test_the_table_is_read_only_and_keyed_by_name():
    assert isinstance(table, MappingProxyType)
    assert [row.name for row in table.values()] == list(table)


def test_a_row_explains_itself(row):
    words = [row.title, *map(str, (row.source.authors, row.source.title, row.source.where))]
    assert isinstance(row.source, Source) and 1900 < row.source.year < 2100
    assert all(words) and row.symbols and row.conventions
    assert all(sentence.endswith(".") for sentence in row.conventions)
    assert all(setting.meaning and setting.domain.words for setting in row.settings)
    assert str(row.source.year) in str(row.source)


def test_a_row_writes_its_formula(row):
    assert text(row).startswith("y = ") and latex(row).startswith("y = ")
    for written in (text(row), latex(row)):
        assert row.sigma.setting in written.replace(r"\_", "_")
        assert written.count("{") == written.count("}") and written.count("(") == written.count(")")
    assert ("bias" in text(row)) == (row.affine is not None)


def test_a_row_names_torch_classes_that_exist(row):
    for path in row.torch:
        module, name = path.removeprefix("torch.").rsplit(".", 1)
        owner = torch
        for part in module.split("."):
            owner = getattr(owner, part)
        assert callable(getattr(owner, name))


def test_a_row_draws_its_cells(row):
    drawing = cell_map(
        row, **{k: v for k, v in SETTINGS[row.name].items() if k != row.sigma.setting}
    )
    assert drawing.count("●") == 1 and drawing.count("○") >= 1


def test_every_row_has_an_example():
    assert list(SETTINGS) == list(table)


@pytest.mark.parametrize(("name", "hint"), [("grup", " Did you mean 'group'?"), ("zzz", "")])
def test_an_unknown_name_is_answered_with_the_nearest(name, hint):
    message = f"No normaliser {name!r}.{hint} The table has {', '.join(table)}."
    with pytest.raises(SettingError, match=exact(message)):
        find(name)
