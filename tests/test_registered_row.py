"""A row that is registered, with its layer, is known wherever the table is read."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import normlab
from cases import assert_close
from normlab.cli.app import app
from normlab.errors import SettingError
from normlab.explorer.conversation import Conversation
from normlab.nn.registry import layer_for, registered, row_of
from own_row import ENTRY, ROW, DeviationNorm

DOCS = Path(__file__).parents[1] / "docs"
X = torch.tensor([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]], dtype=torch.float64)
# means 3 and 1, deviations (-2, -1, 3) and (-1, -1, 2); mean |d| is 2 and 4/3; eps = 1 makes 3 and 7/3
Y = torch.tensor([[-2 / 3, -1 / 3, 1.0], [-3 / 7, -3 / 7, 6 / 7]], dtype=torch.float64)
RIGHT = """
import torch
from torch import nn


class MeanDeviationNorm(nn.Module):
    def __init__(self, num_channels, eps=1e-3, q=1.0):
        super().__init__()
        self.eps, self.q = eps, q
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x):
        dims = tuple(range(1, x.dim()))
        d = x - x.mean(dims, keepdim=True)
        scale = (self.eps + (d.abs() ** self.q).mean(dims, keepdim=True)) ** (1 / self.q)
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return self.weight.view(shape) * d / scale + self.bias.view(shape)
"""
WRONG = {
    "wrong_axis": ("range(1, x.dim())", "range(x.dim())"),
    "missing_sigma": ("self.eps + ", ""),
    "bias_ignored": (" + self.bias.view(shape)", ""),
    "ignored_setting": ("self.eps, self.q = eps, q", "self.eps, self.q = eps, 1.0"),
    "gradient_cut": ("/ scale", "/ scale.detach()"),
}


@pytest.fixture(autouse=True)
def known():
    with registered(ENTRY):
        yield


def printed(*arguments):
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_its_numbers_are_those_worked_by_hand():
    assert_close(normlab.normalize(X, "mean_deviation", eps=1.0).y, Y)


def test_the_registry_has_its_layer():
    layer = layer_for("mean_deviation").make(3, eps=1.0, like=X)
    assert isinstance(layer, DeviationNorm)
    assert row_of(layer) == (ROW, {"eps": 1.0, "exponent": 1.0})
    assert_close(layer(X), Y)


def test_list_has_its_formula():
    lines = printed("list").splitlines()
    assert [line for line in lines if line.startswith("mean_deviation")]
    assert "mean_deviation" in {row["name"] for row in json.loads(printed("list", "--json"))}


def test_show_tells_its_settings_layer_and_source():
    text = printed("show", "mean_deviation")
    for fact in (ROW.title, "exponent=1.0", ROW.layer, str(ROW.source), *ROW.conventions):
        assert fact in text


@pytest.mark.parametrize("row", [None, "mean_deviation"])
def test_check_passes_its_layer(row):
    x = torch.randn(8, 6, 5, generator=torch.Generator().manual_seed(0))
    checked = normlab.check(DeviationNorm(6, eps=0.5), x, row=row)
    assert (checked.row, checked.agrees) == ("mean_deviation", True)


def test_check_finds_what_is_wrong_with_another():
    class Wrong(DeviationNorm):
        def forward(self, x):
            return super().forward(x) * 1.01

    x = torch.randn(8, 6, 5, generator=torch.Generator().manual_seed(0))
    assert not normlab.check(Wrong(6, eps=0.5), x, row="mean_deviation").agrees


def graded(tmp_path, *sources):
    files = [tmp_path / f"one_{i}.py" for i in range(len(sources))]
    for file, source in zip(files, sources, strict=True):
        file.write_text(source)
    return normlab.grade(*files, timeout=60.0)


def test_grade_passes_a_right_one_and_names_what_is_wrong_with_others(tmp_path):
    wrong = []
    for change in WRONG.values():
        source = RIGHT
        for old, new in zip(change[::2], change[1::2], strict=True):
            assert old in source
            source = source.replace(old, new)
        wrong.append(source)
    right, *others = graded(tmp_path, RIGHT, *wrong)
    assert (right["row"], right["status"], right["score"]) == ("mean_deviation", "right", 100)
    assert [[m["name"] for m in one["mistakes"]] for one in others] == [[name] for name in WRONG]


def test_grade_has_a_file_to_start_from():
    text = printed("grade", "--template", "mean_deviation")
    assert "def mean_deviation_norm(x, eps=0.001, exponent=1.0):" in text


def test_it_is_in_the_explorers_menu_and_drawn():
    page = Conversation()
    reply, buffers = page.reply({"type": "scene", "seq": 1, "state": {"norm": "mean_deviation"}})
    assert reply["type"] == "scene", reply
    assert {"name": ROW.name, "title": ROW.title, "fits": True, "why": ""} in reply["rows"]
    names = [control["name"] for control in reply["controls"] if control["group"] == "norm"]
    assert names == ["eps", "weight", "bias", "exponent"]
    assert "mean_deviation" in reply["code"]
    after = next(i for i, a in enumerate(reply["arrays"]) if a["name"] == "after")
    assert len(buffers[after]) > 0


def test_its_page_is_written():
    spec = spec_from_file_location("generate", DOCS / "generate.py")
    assert spec and spec.loader
    generate = module_from_spec(spec)
    spec.loader.exec_module(generate)
    page = generate.row_page(ROW)
    assert page.startswith(f"# {ROW.title}\n")
    assert "`own_row.DeviationNorm`" in page and str(ROW.source) in page
    assert "[Mean deviation normalisation](rows/mean_deviation.md)" in generate.index()


def test_afterwards_it_is_gone():
    with pytest.raises(SettingError, match="another name"), registered(ENTRY):
        pass
    assert "own_row" in sys.modules and "mean_deviation" in normlab.table
