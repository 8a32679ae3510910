"""normlab show ROW --in FRAMEWORK, as its user sees it."""

import json

import pytest

from command import here, normlab
from normlab.conventions.frameworks import CONVENTIONS
from normlab.report.conventions import convention_text, side_by_side


def test_a_row_in_the_words_of_another_framework():
    done = normlab("show", "batch", "--in", "keras")
    assert done.returncode == 0, done.stderr
    for part in (
        "Batch normalisation (batch) in Keras: keras.layers.BatchNormalization",
        "momentum=0.99       momentum = 1 − theirs",
        "moving_variance     running_var",
        "eps        0.001        1e-05",
        "running variance: biased there, unbiased in torch",
        "layer = normlab.interop.from_keras('batch', momentum=0.99, epsilon=0.001, gamma=…",
        "y = layer(x.movedim(-1, 1)).movedim(1, -1)",
        "by running keras 3.15.1",
    ):
        assert part in done.stdout


def test_as_json():
    done = here("show", "local_response", "--in", "tensorflow", "--json")
    told = json.loads(done.stdout)
    assert told["settings"][0] == {
        "name": "depth_radius",
        "default": 5,
        "here": "size = 2 · theirs + 1",
    }
    assert (told["window"], told["channels"], told["framework"]) == (
        "odd only",
        "last",
        "tensorflow",
    )
    assert told["differences"][0] == "depth_radius: size = 2 · theirs + 1."


ERRORS = {
    "batch --in kears": "normlab: No framework 'kears'. Did you mean 'keras'? The table has torch, keras, "
    "tensorflow, flax, onnx, paddle, caffe.\n",
    "grop --in keras": "normlab: No normaliser 'grop'. Did you mean 'group'? The table has batch, layer, "
    "instance, group, rms, l2, local_response, local_contrast, divisive, gdn, gdn1.\n",
    "gdn --in keras --json": "normlab: Keras has no 'gdn' in the table, only batch, layer, group, rms; no "
    "framework has it.\n",
}


@pytest.mark.parametrize(("arguments", "message"), ERRORS.items(), ids=ERRORS)
def test_told_in_a_line(arguments, message):
    done = here("show", *arguments.split())
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


@pytest.mark.parametrize(
    "entry", [pytest.param(e, id=f"{e.framework}-{e.row}") for e in CONVENTIONS.values()]
)
def test_every_entry_can_be_shown(entry):
    text = convention_text(entry.row, entry.framework)
    assert entry.layer in text and entry.source in text
    assert all(word.name in text for word in entry.words)


def test_side_by_side():
    header, lines = side_by_side("local_response")
    assert header == ("", "layer", "`size`", "`alpha`", "`beta`", "`k`", "channels", "even windows")
    cells = {line[0]: line[2:] for line in lines}
    assert cells["TensorFlow"] == (
        "`depth_radius=5`, here 11", "`alpha=1.0`, here 11", "`beta=0.5`", "`bias=1.0`", "last", "odd only",
    )  # fmt: skip
    assert cells["ONNX"][-1] == "after"
    assert "ε" in side_by_side("instance")[0]
