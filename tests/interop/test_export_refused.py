"""What is refused before anything is exported; the exported files are run by `make test-frameworks`."""

import pytest
import torch
from torch import nn

import normlab.interop.onnx as export
from cases import exact
from normlab.errors import MissingExtraError
from normlab.interop import to_onnx
from normlab.nn import BatchNorm, V1Block

X = torch.zeros(2, 3, 4)
TRAINING = (
    "is in training mode, and ONNX holds what evaluation computes. Call eval() first, or give "
    'training="as eval" to export that and leave the module as it is.'
)


def test_a_layer_in_training(tmp_path):
    with pytest.raises(ValueError, match=exact(f"to_onnx: BatchNorm {TRAINING}")):
        to_onnx(BatchNorm(3), X, tmp_path / "layer.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_part_in_training(tmp_path):
    model = nn.Sequential(nn.ReLU(), BatchNorm(3)).eval()
    model[1].train()
    with pytest.raises(ValueError, match=exact(f"to_onnx: Sequential (part '1') {TRAINING}")):
        to_onnx(model, X, tmp_path / "model.onnx")


def test_another_wish(tmp_path):
    message = "to_onnx: training=True given; use 'refuse' or 'as eval'."
    with pytest.raises(ValueError, match=exact(message)):
        to_onnx(BatchNorm(3), X, tmp_path / "layer.onnx", training=True)  # pyright: ignore


def test_missing_packages(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.errors.absent", lambda extra: ["onnx"] if extra == "onnx" else [])
    message = str(MissingExtraError.of("to_onnx", "onnx", "onnx"))
    with pytest.raises(ImportError, match=exact(message)):
        to_onnx(BatchNorm(3).eval(), X, tmp_path / "layer.onnx")


def test_an_example_without_samples(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "need", lambda what, extra: None)
    message = "to_onnx: the example has shape (0, 3, 4); give one of (samples, …) with a sample."
    with pytest.raises(ValueError, match=exact(message)):
        to_onnx(BatchNorm(3).eval(), X[:0], tmp_path / "layer.onnx")


def test_a_part_that_onnx_has_no_operators_for(tmp_path):
    model = nn.Sequential(V1Block(orientations=2, frequencies=(0.25,)), nn.ReLU()).eval()
    message = (
        "to_onnx: V1Block (part '0') cannot be written: its filters are products of complex Fourier "
        "transforms. Export the model after it, and give it this part's output."
    )
    with pytest.raises(ValueError, match=exact(message)):
        to_onnx(model, torch.zeros(1, 1, 8, 8), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []
