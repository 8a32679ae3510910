"""One hole costs one phase; what is quoted is what is shown; what is forbidden costs."""

import pytest
from zoo_table import ZOO

from normlab.grading import grade
from normlab.grading.parent.text import full, one

BATCH = """
import torch


class BatchNorm(torch.nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = torch.nn.Parameter(torch.ones(num_features))
        self.bias = torch.nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x):
        axes = [0, *range(2, x.dim())]
        shape = [1, -1] + [1] * (x.dim() - 2)
        n = x.numel() / x.shape[1]
        mean, var = x.mean(axes), x.var(axes, correction=0)
        if self.training:
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * n / (n - 1), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        y = (x - mean.view(shape)) / (var.view(shape) + self.eps).sqrt()
        return self.weight.view(shape) * y + self.bias.view(shape)
"""
# what is changed in it, what is named, and which checks cost points
CHANGES = {
    "three": (
        {"+ self.eps).sqrt()": ").sqrt()", "* n / (n - 1)": "",
         "else:\n            mean, var = ": "elif 0:\n            mean, var = "},
        ["missing_eps", "bessel_missing_in_running", "eval_uses_batch"],
        ["sigma", "running", "evaluation"],
    ),
    "outside in evaluation": (
        {"(var.view(shape) + self.eps).sqrt()":
         "((var.view(shape) + self.eps).sqrt() if self.training else var.view(shape).sqrt() + self.eps)"},
        ["std_plus_eps"], ["evaluation"],
    ),
    "samples for n": ({"x.numel() / x.shape[1]": "len(x)"}, ["bessel_in_running"], ["running"]),
    "not decayed": (
        {"self.running_mean.lerp_(mean, self.momentum)": "self.running_mean += self.momentum * mean"},
        ["running_weights"], ["running"],
    ),
    "sum for mean": (
        {"x.var(axes, correction=0)": "((x - x.mean(axes, keepdim=True)) ** 2).sum(axes)"},
        ["sum_for_mean"], ["table"],
    ),
    "in half": (
        {"        n = x": "        x = x.half()\n        n = x", "lerp_(mean,": "lerp_(mean.float(),",
         "lerp_(var": "lerp_(var.float()", "mean.view(shape))": "mean.view(shape).half())",
         "(var.view(shape) + self.eps).sqrt()": "(var.view(shape).half() + self.eps).sqrt()",
         "self.weight.view(shape) * y": "self.weight.view(shape) * y.float()"},
        ["half_precision"], None,
    ),
    "plain tensors": (
        {'register_buffer("running_mean", ': "__dict__.__setitem__('running_mean', "},
        ["not_in_state_dict"], ["state"],
    ),
    "no parameter": ({"torch.nn.Parameter(torch.ones(num_features))": "torch.ones(num_features)"},
                     ["not_a_parameter"], ["state"]),
    "raises in evaluation": (
        {"else:\n            mean": "else:\n            self.nothing\n            mean"},
        ["raises"], ["evaluation"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phases")
    for name, (changes, _, _) in CHANGES.items():
        source = BATCH
        for old, new in changes.items():
            assert old in source, (name, old)
            source = source.replace(old, new)
        (folder / f"{name.replace(' ', '_')}_bn.py").write_text(source)
    paths = [folder / f"{name.replace(' ', '_')}_bn.py" for name in CHANGES]
    return dict(zip(CHANGES, grade(*paths, timeout=600), strict=True))


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_named_and_what_it_costs(graded, name):
    _, names, failed = CHANGES[name]
    report = graded[name]
    if names is not None:
        assert [m["name"] for m in report["mistakes"]] == names
    if failed is not None:
        assert [c["check"] for c in report["checks"] if c["outcome"] == "failed"] == failed
    assert report["mistakes"]
    assert report["score"] < 100


def test_a_check_that_fails_by_another_phase_says_so(graded):
    told = full(graded["three"], solution=False)
    assert "3 mistakes found." in told
    assert "✓ the gradient                                    2 of 2" in told


def test_the_error_quoted_is_that_of_the_input_shown(graded):
    [mistake] = graded["raises in evaluation"]["mistakes"]
    assert mistake["sentence"].endswith(mistake["shown"]["error"])
    assert "no attribute 'nothing' (line 24)" in mistake["sentence"]


def test_unknown_claims_no_number():
    [report] = grade(ZOO / "wrong" / "bn_unknown.py", timeout=600)
    assert "it differs, and none of the known mistakes explains how." in one(report)


def test_a_weight_of_another_shape_is_told_with_both_shapes():
    [report] = grade(ZOO / "cases" / "weight_per_group.py", timeout=600)
    assert "gamma has the shape (1,), and it must have (2,)" in report["mistakes"][0]["sentence"]
    assert [c["check"] for c in report["checks"] if c["outcome"] == "failed"] == ["affine"]


def test_a_wrapper_is_noted_and_costs_where_it_is_forbidden():
    wrapper, mine = ZOO / "cases" / "wrapper.py", ZOO / "right" / "batch_torch_style.py"
    [free] = grade(wrapper, timeout=600)
    assert free["score"] == 100
    assert "it calls torch.nn.functional.batch_norm, which normalises by itself" in free["notes"]
    held, right = grade(wrapper, mine, forbid=["torch.nn.functional", "normlab"], timeout=600)
    assert [m["name"] for m in held["mistakes"]] == ["forbidden"]
    assert held["score"] < 20
    assert right["score"] == 100


def test_keras_is_a_convention_of_its_own():
    [torchs, keras] = [
        grade(ZOO / "right" / "batch_torch_style.py", convention=name, timeout=600)[0]
        for name in ("torch", "keras")
    ]
    assert torchs["score"] == 100
    assert [m["name"] for m in keras["mistakes"]] == ["momentum_reversed"]
