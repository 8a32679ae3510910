"""A class or function in memory, as a notebook has it."""

import linecache
from collections import OrderedDict
from math import sqrt

import pytest
import torch
from torch import nn

import normlab
from normlab.errors import SettingError
from normlab.grading.parent.memory import source_of

SCALE = 1.0
HELD = torch.ones(1)
mean, y = torch.zeros(1), torch.zeros(1)  # as a notebook leaves them, and the class has of its own


def root(a):
    return torch.sqrt(a) * SCALE


class Base(nn.Module):
    def divided(self, x, var):
        return x / root(var)


class MyBatchNorm(Base):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        axes = [0, *range(2, x.dim())]
        shape = [1, -1] + [1] * (x.dim() - 2)
        mean, var = x.mean(axes), x.var(axes, correction=0)
        if self.training:
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var, self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        y = self.divided(x - mean.view(shape), var.view(shape) + self.eps)
        return self.weight.view(shape) * y + self.bias.view(shape)


def uses_a_tensor(x):
    return x * HELD


def batch_norm(x, eps=1e-5):
    assert OrderedDict() == {}
    assert sqrt(4) == 2
    return (x - x.mean(0)) / root(x.var(0, correction=0) + eps)


def test_a_class_with_its_helpers_and_a_function():
    mine, function = normlab.grade(MyBatchNorm, batch_norm, timeout=600)
    assert [m["name"] for m in mine["mistakes"]] == ["bessel_missing_in_running"]
    assert mine["file"] == "MyBatchNorm"
    assert (function["status"], function.share(5)) == ("right", 5.0)


def test_it_prints_what_the_command_prints():
    report = normlab.grade(MyBatchNorm, timeout=600)
    assert str(report).startswith("MyBatchNorm: MyBatchNorm, graded as batch: one mistake found.\n")
    assert "running variance: expected" in str(report)


def test_a_cell_of_a_notebook_has_a_source():
    cell = "import torch\n\nclass LayerNorm:\n    def forward(self, x):\n        return torch.relu(x)\n"
    linecache.cache["<cell 1>"] = (len(cell), None, cell.splitlines(keepends=True), "<cell 1>")
    held = {"__name__": __name__}
    exec(compile(cell, "<cell 1>", "exec"), held)
    assert "torch.relu(x)" in source_of(held["LayerNorm"])


def test_what_has_no_source_or_uses_what_cannot_be_written():
    held = {"__name__": __name__}
    exec("def batch_norm(x):\n    return x\n", held)
    with pytest.raises(SettingError, match="source of batch_norm cannot be read"):
        source_of(held["batch_norm"])
    with pytest.raises(SettingError, match="uses_a_tensor uses HELD, a Tensor from outside"):
        source_of(uses_a_tensor)
    [report] = normlab.grade(uses_a_tensor, row="batch")
    assert report["status"] == "refused"
    assert str(report).startswith("uses_a_tensor: cannot be graded: uses_a_tensor uses HELD")
    with pytest.raises(SettingError, match="a int given; name the file"):
        normlab.grade(3)
