"""The table of conventions holds together, and speaks of arguments that there are."""

import inspect
import subprocess
import sys

import pytest
import torch

from cases import exact
from command import PATIENCE
from normlab.conventions.convention import STEERING, WEIGHTS, Convention, Word, differences
from normlab.conventions.frameworks import CONVENTIONS, FRAMEWORKS, READ, ROWS, TORCH, find
from normlab.errors import SettingError
from normlab.nn.registry import layer_for
from normlab.report.conventions import converting

ENTRIES = [
    pytest.param(entry, id=f"{entry.framework}-{entry.row}") for entry in CONVENTIONS.values()
]
by_entry = pytest.mark.parametrize("entry", ENTRIES)
FOUR = ("batch", "layer", "group", "local_response")


def ours(row):
    """The class of normlab.nn for a row."""
    return layer_for(row).layer


def test_every_framework_and_row_is_there():
    assert {name for name, _ in CONVENTIONS} == set(FRAMEWORKS)
    assert set(ROWS) == {row for name, row in CONVENTIONS if name == "torch"}
    have = {row: {name for name, has in CONVENTIONS if has == row} for row in FOUR}
    assert have["batch"] == set(FRAMEWORKS)
    assert have["layer"] == have["group"] == {"torch", "keras", "flax", "onnx", "paddle"}
    assert have["local_response"] == {"torch", "tensorflow", "onnx", "paddle", "caffe"}


@by_entry
def test_words_mean_what_our_layer_has(entry):
    arguments = set(inspect.signature(ours(entry.row).__init__).parameters)
    known = {"", *STEERING, *WEIGHTS, *arguments}
    assert {word.ours for word in entry.words} <= known
    assert (entry.size or "size") in arguments
    assert entry.source.startswith("https://")


@pytest.mark.parametrize("row", ROWS)
def test_torch_has_these_defaults(row):
    entry = find("torch", row)
    kind = getattr(torch.nn, entry.layer.rpartition(".")[2])
    parameters = inspect.signature(kind.__init__).parameters
    table = {w.name: w.default for w in entry.words if w.name in parameters and not w.array}
    empty = inspect.Parameter.empty
    found = {name: None if (d := parameters[name].default) is empty else d for name in table}
    if row == "rms":
        assert found.pop("eps") is None
        assert table.pop("eps") == torch.finfo(torch.float32).eps
    assert table == found
    assert TORCH.split()[1] == torch.__version__.split("+")[0]


def test_torch_stores_the_unbiased_variance_and_weighs_the_new_batch():
    x = torch.tensor([[1.0], [3.0], [8.0]])
    layer = torch.nn.BatchNorm1d(1, momentum=0.25)
    layer(x)
    assert layer.running_mean.item() == pytest.approx(0.75 * 0.0 + 0.25 * 4.0)
    assert layer.running_var.item() == pytest.approx(0.75 * 1.0 + 0.25 * 13.0)  # (9 + 1 + 16) / 2
    assert find("torch", "batch").running == "unbiased"


def test_torch_reaches_further_before_the_channel():
    """Of an even window: the middle channel sees the one before it, and not the one after."""
    layer = torch.nn.LocalResponseNorm(2, alpha=2.0, beta=1.0)
    before, after = torch.tensor([[1.0, 1.0, 0.0]]), torch.tensor([[0.0, 1.0, 1.0]])
    at = [layer(x.view(1, 3, 1))[0, 1].item() for x in (before, after)]
    assert at == pytest.approx([1 / 3, 1 / 2])
    assert find("torch", "local_response").window == "before"


def test_differences_are_derived():
    def told(framework, row):
        return differences(find(framework, row), find("torch", row))

    assert told("torch", "batch") == told("onnx", "layer") == told("paddle", "local_response") == []
    assert told("flax", "layer") == ["epsilon: by default 1e-06 there, 1e-05 in torch."]
    assert told("caffe", "instance")[1] == "ε: outside the root there, inside it in torch."
    assert told("onnx", "local_response") == [
        "even windows: one channel more after than before there, one channel more before than after in torch."
    ]
    assert told("tensorflow", "local_response")[:2] == [
        "depth_radius: size = 2 · theirs + 1.",
        "alpha: alpha = theirs · size; by default 1 there (11 in torch's terms), 0.0001 in torch.",
    ]


def test_a_word_listed_twice_is_refused():
    words = (Word("eps", "eps"), Word("eps", "momentum"))
    with pytest.raises(ValueError, match="a word is listed twice"):
        Convention("keras", "batch", "x", words, "last", "https://", READ)


@by_entry
def test_the_lines_that_convert_are_python(entry):
    code = "\n".join(converting(entry)).replace("=…", "=None")
    if code.startswith("not possible"):
        assert entry.placement == "outside"
    else:
        compile(code, "convert", "exec")


UNKNOWN = {
    ("keras", "bath"): "No normaliser 'bath'. Did you mean 'batch'? The table has",
    (
        "flux",
        "batch",
    ): "No framework 'flux'. Did you mean 'flax'? The table has torch, keras, tensorflow",
    (
        "flax",
        "local_response",
    ): "Flax has no 'local_response' in the table, only batch, layer, instance, group",
    (
        "keras",
        "gdn",
    ): "Keras has no 'gdn' in the table, only batch, layer, group, rms; no framework has it.",
}


@pytest.mark.parametrize(("asked", "message"), UNKNOWN.items(), ids=str)
def test_what_is_not_there_is_told(asked, message):
    with pytest.raises(SettingError, match=exact(message)[:-1]):
        find(*asked)


def test_it_needs_no_torch():
    code = (
        "import sys; from normlab.report.conventions import convention_text as text; "
        "print(text('batch', 'keras')); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert "momentum = 1 − theirs" in done.stdout
