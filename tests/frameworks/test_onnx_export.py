"""Every layer as a file of ONNX: onnxruntime gives the numbers of torch, for any number of samples."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

import normlab.nn as layers
from cases import assert_close
from normlab.interop import to_onnx

SHAPE = (2, 4, 6, 5)
KINDS = {
    "batch": lambda: layers.BatchNorm(4),
    "batch without statistics": lambda: layers.BatchNorm(4, track_running_stats=False),
    "batch without weights": lambda: layers.BatchNorm(4, affine=False),
    "layer": lambda: layers.LayerNorm((6, 5)),
    "layer over channels": lambda: layers.LayerNorm2d(4),
    "l2": lambda: layers.L2Norm(),
    "group": lambda: layers.GroupNorm(2, 4),
    "instance": lambda: layers.InstanceNorm(4),
    "instance with statistics": lambda: layers.InstanceNorm(
        4, affine=True, track_running_stats=True
    ),
    "rms": lambda: layers.RMSNorm(5),
    "local response": lambda: layers.LocalResponseNorm(3, 0.6, 0.8, 1.5),
    "local response, even": lambda: layers.LocalResponseNorm(4, 0.6),
    "local contrast": lambda: layers.LocalContrastNorm(4, size=3),
    "local contrast, mean": lambda: layers.LocalContrastNorm(4, size=3, sigma="mean"),
    "divisive": lambda: layers.DivisiveNorm(4),
    "divisive, cubed": lambda: layers.DivisiveNorm(4, power=3.0),
    "divisive, window": lambda: layers.DivisiveNorm(4, size=3, width=0.8),
    "divisive, learned": lambda: layers.DivisiveNorm(4, learn_pool=True),
    "gdn": lambda: layers.GDN(4),
    "gdn1": lambda: layers.GDN(4, simplified=True),
    "model": lambda: nn.Sequential(
        nn.Conv2d(4, 6, 3), layers.BatchNorm(6), nn.ReLU(), layers.LocalResponseNorm(3)
    ),
}
EVERY = {"BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm", "LocalResponseNorm"}
EVERY |= {"LocalContrastNorm", "DivisiveNorm", "GDN", "LayerNorm2d", "L2Norm"}
NOT_EXPORTED = {"V1Block"}  # a front end of FFTs, in parts whose number follows the samples


def example(samples, seed):
    random = torch.Generator().manual_seed(seed)
    return 1.0 + 2.0 * torch.randn(samples, *SHAPE[1:], generator=random)


def made(kind):
    """With parameters and statistics that are positive and all different."""
    layer = KINDS[kind]().eval()
    for seed, value in enumerate(layer.state_dict().values()):
        if value.is_floating_point():
            random = torch.Generator().manual_seed(seed)
            value.copy_(0.3 + 0.5 * torch.rand(value.shape, generator=random))
    return layer


def run(path, *given):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    (y,) = session.run(None, dict(zip(names, (np.asarray(x) for x in given), strict=True)))
    return torch.from_numpy(y)


def test_no_layer_is_forgotten():
    assert {type(kind()).__name__ for kind in KINDS.values()} >= EVERY
    assert {
        n for n, v in vars(layers).items() if n in layers.__all__ and isinstance(v, type)
    } == EVERY | NOT_EXPORTED


@pytest.mark.parametrize("kind", KINDS)
def test_onnxruntime_gives_the_numbers_of_torch(kind, tmp_path):
    layer = made(kind)
    path = to_onnx(layer, example(2, seed=0), tmp_path / "layer.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["layer.onnx"]
    for samples in (2, 7, 1):
        x = example(samples, seed=samples)
        with torch.no_grad():
            assert_close(run(path, x), layer(x), pooled=x.numel(), dtype=torch.float32)


def test_one_sample_as_the_example(tmp_path):
    layer = made("batch")
    path = to_onnx(layer, example(1, seed=0), tmp_path / "layer.onnx")
    x = example(5, seed=1)
    assert_close(run(path, x), layer(x), dtype=torch.float32)


class ByPlace(nn.Module):
    """torch's exporter names inputs by their place."""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x, pool_input):
        return self.norm(x, pool_input=pool_input)


def test_a_pool_of_another_input(tmp_path):
    layer, given = ByPlace(made("divisive")).eval(), (example(3, seed=0), example(3, seed=1))
    path = to_onnx(layer, given, tmp_path / "layer.onnx")
    assert_close(run(path, *given), layer(*given), dtype=torch.float32)


def test_training_as_eval_leaves_every_mode(tmp_path):
    model = nn.Sequential(made("batch"), made("gdn"))
    model[0].train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    path = to_onnx(model, example(2, seed=0), tmp_path / "model.onnx", training="as eval")
    assert [part.training for part in model.modules()] == [True, True, False]
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    x = example(3, seed=1)
    assert_close(run(path, x), model.eval()(x), dtype=torch.float32)


def test_an_export_that_fails_leaves_the_earlier_file_and_the_mode(tmp_path):
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError("no")

    path, layer = tmp_path / "layer.onnx", Fails()
    path.write_bytes(b"earlier")
    with pytest.raises(Exception, match="no"):
        to_onnx(layer, example(2, seed=0), path, training="as eval")
    assert layer.training
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"earlier"]


def test_a_path_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"cannot write .* Give another path"):
        to_onnx(made("batch"), example(2, seed=0), tmp_path / "missing" / "layer.onnx")
