"""What stands beside the table: the names lead somewhere, the answers are true of the layers."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cases import assert_close, exact, example
from normlab import normalize, table
from normlab.equation import relatives
from normlab.equation.relatives import RELATIVES
from normlab.errors import SettingError
from normlab.nn import beyond

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "beyond.md"
by_relative = pytest.mark.parametrize("name", RELATIVES)


@by_relative
def test_where_it_lives_it_is(name):
    for path in RELATIVES[name].where:
        module, _, attribute = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), attribute))


def test_every_layer_is_listed():
    listed = {path.rpartition(".")[2] for one in RELATIVES.values() for path in one.where}
    assert set(beyond.__all__) <= listed


@by_relative
def test_a_row_says_so_and_a_stranger_says_why(name):
    one = RELATIVES[name]
    assert one.row != "yes" or one.norm is not None
    assert one.why.endswith(".") and one.source.where


def test_names_are_not_those_of_the_table():
    names = [name for one in RELATIVES.values() for name in (one.name, *one.also)]
    assert len(set(names)) == len(names) and not set(names) & set(table)


ROWS = {
    "positional": lambda x: beyond.PositionalNorm(4, affine=False).double()(x),
    "scale_norm": lambda x: beyond.ScaleNorm(3, dtype=torch.float64)(x) / 3**0.5,
    "filter_response": lambda x: beyond.FilterResponseNorm(4, threshold=False).double()(x),
    "ghost_batch": lambda x: beyond.GhostBatchNorm(4).double()(x),
}


@pytest.mark.parametrize(("name", "layer"), ROWS.items(), ids=ROWS)
def test_a_row_is_what_the_layer_computes(name, layer):
    x, row = example((5, 4, 3)), RELATIVES[name].norm
    settings = {"normalized_shape": (3,)} if name == "scale_norm" else {}
    assert_close(layer(x), normalize(x, row, **settings).y)


@by_relative
def test_text_and_json_tell_the_same(name):
    text, facts = relatives.text(name), json.loads(json.dumps(relatives.json(name)))
    told = [facts["title"], facts["formula"], f"{facts['row']}: {facts['why']}", facts["source"]]
    told += facts["where"] + facts["conventions"] + [facts["row_formula"] or ""]
    assert [line for line in told if line not in text] == []
    for other in facts["also"]:
        assert relatives.text(other) == text and relatives.known(other)


def test_an_unknown_name_is_refused():
    message = (
        "Nothing beside the table is called 'frm'. Did you mean 'frn'? There are filter_response, "
        "global_response, positional, scale_norm, weight_standardization, ghost_batch, frozen_batch, "
        "batch_renorm, dynamic_tanh, weight_norm, spectral_norm, whitening, switchable."
    )
    with pytest.raises(SettingError, match=exact(message)):
        relatives.find("frm")


def test_the_page_is_what_the_table_says():
    assert PAGE.read_text() == relatives.page()


def test_nothing_of_it_needs_torch():
    code = "import sys, normlab.equation.relatives as r; r.page(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
