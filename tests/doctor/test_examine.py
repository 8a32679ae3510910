"""What examine says of models and batches of every kind, and what it refuses."""

import itertools
import json
import math

import numpy as np
import pytest
import torch
from torch import nn

import normlab
from normlab.doctor import examine
from normlab.errors import CheckError, DataError, SettingError


def codes(report):
    return [finding.code for finding in report.findings]


def batches(n=20, size=32, features=4, seed=0, scale=1.0, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    return [scale * torch.randn(size, features, generator=generator) + shift for _ in range(n)]


def deep(training_batches, depth=3):
    """Linear layers and batch norms that have seen the data."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = []
        for _ in range(depth):
            layers += [nn.Linear(4, 4, bias=False), nn.BatchNorm1d(4, momentum=None), nn.Tanh()]
        model = nn.Sequential(*layers, nn.Linear(4, 2))
    with torch.no_grad():
        for x in training_batches:
            model(x)
    return model.eval()


def test_z_and_r_are_what_plain_numpy_computes():
    x = batches()
    model = nn.BatchNorm1d(4).eval()
    model.running_mean.copy_(torch.tensor([0.5, -1.0, 2.0, 0.0]))
    model.running_var.copy_(torch.tensor([1.0, 4.0, 0.25, 9.0]))
    data = torch.cat(x).double().numpy()
    stored = model.running_mean.double().numpy(), model.running_var.double().numpy()
    z = np.abs(data.mean(0) - stored[0]) / np.sqrt(stored[1] + 1e-5)
    r = np.abs(np.log((data.var(0, ddof=1) + 1e-5) / (stored[1] + 1e-5)))
    row = examine(model, x).layers[0]
    # torch's median is the lower of the two in the middle
    assert row.z == pytest.approx(sorted(z)[1], rel=1e-12)
    assert row.r == pytest.approx(sorted(r)[1], rel=1e-12)


@pytest.mark.parametrize("at", [1, 4, 7])
def test_the_broken_layer_is_named_and_no_other(at):
    x = batches()
    model = deep(x)
    model[at].running_mean += 2 * model[at].running_var.sqrt()
    found = {f.code: f for f in examine(model, x).findings if f.severity != "remark"}
    assert found["NRM101"].layers == (str(at),)
    assert found["NRM104"].layers == (str(at),)


def test_a_healthy_model_has_remarks_alone():
    x = batches()
    report = examine(deep(x), x)
    assert codes(report) == ["NRM402"]
    assert report.healthy
    assert report.verdict == "Nothing is wrong: 1 remark; fixes: 1 safe."
    assert report.gap is not None and report.gap < 0.3


def test_few_samples_raise_the_limit_instead_of_alarming():
    model = deep(batches(100))
    assert "NRM101" not in codes(examine(model, batches(1, size=8, seed=5)))


def test_data_scaled_otherwise_are_found_at_the_first_layer():
    model = deep(batches())
    found = {f.code: f for f in examine(model, batches(seed=1, scale=20.0, shift=30.0)).findings}
    assert found["NRM101"].layers == ("1",)
    assert found["NRM101"].severity == "error"


def test_batches_of_every_kind_give_the_same():
    x = batches(6)
    model = deep(x)
    expected = examine(model, x).to_json()

    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, tokens):
            return {"logits": self.inner(tokens), "none": None}

    given = {"tuples": [(b, torch.zeros(len(b))) for b in x], "generator": (b for b in x)}
    for batch in given.values():
        report = examine(model, batch)
        assert [row.z for row in report.layers] == [row["z"] for row in expected["layers"]]
    named = examine(Named(), [{"tokens": b} for b in x])
    assert [row.z for row in named.layers] == [row["z"] for row in expected["layers"]]
    assert named.gap == pytest.approx(expected["gap"], rel=1e-12)


def test_endless_batches_end():
    drawn = []

    def endless():
        for number in itertools.count():
            drawn.append(number)
            yield torch.randn(8, 4)

    report = examine(deep(batches()), endless(), max_batches=5)
    assert report.batches == 5
    assert len(drawn) <= 6
    assert "5 batches were looked at; there were more, which were not looked at." in report.notes


def test_converted_layers_as_in_torchcrepe_are_sound():
    """conv -> ReLU -> BN, momentum 0, eps 1e-3, no batch counted, a channel scaled by eps."""
    x = [torch.randn(32, 1, 12, generator=torch.Generator().manual_seed(n)) for n in range(10)]
    conv, norm = nn.Conv1d(1, 6, 3), nn.BatchNorm1d(6, eps=1e-3, momentum=None)
    with torch.no_grad():
        conv.weight[0] *= 1e-2
        conv.bias[0] = 0.1
    model = nn.Sequential(conv, nn.ReLU(), norm, nn.Flatten(), nn.Linear(60, 3))
    with torch.no_grad():
        for batch in x:
            model(batch)
    norm.momentum, norm.num_batches_tracked = 0.0, torch.tensor(0)
    report = examine(model.eval(), x)
    assert set(codes(report)) <= {"NRM307"}
    assert report.healthy


def test_one_sample_left_over_is_told():
    x = [*batches(8, size=16), torch.randn(1, 4)]
    report = examine(deep(batches()).train(), x, only=["NRM201"])
    alone = report.findings[0]
    assert (alone.severity, alone.measured) == ("error", 1.0)
    assert "drop_last" in alone.effect


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_dtypes(dtype):
    x = [b.to(dtype) for b in batches()]
    report = examine(deep(batches()).to(dtype), x)
    assert "NRM101" not in codes(report)
    assert ("NRM302" in codes(report)) == (dtype == torch.bfloat16)


def test_float16_statistics_that_overflowed():
    model = nn.BatchNorm1d(4)
    model.running_var.fill_(1e5)
    report = examine(model.half().eval())
    assert {"NRM103", "NRM302"} <= set(codes(report))


def test_nan_in_the_data_and_in_the_model():
    x = batches(4)
    x[1][0, 0] = float("nan")
    report = examine(deep(batches()), x)
    assert "1 of the batches hold NaN or infinity." in report.notes
    found = next(f for f in report.findings if f.code == "NRM310")
    assert found.consequence == "The batches themselves hold such values."
    model = deep(batches())
    with torch.no_grad():
        model[3].weight[0, 0] = float("inf")
    found = next(f for f in examine(model, batches()).findings if f.code == "NRM310")
    assert found.layers == ("4",)
    assert "arise in the model" in found.consequence
    json.dumps(examine(model, batches()).to_json(), allow_nan=False)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_layers_of_many_kinds_are_examined():
    model = nn.ModuleDict(
        {
            "torch": nn.BatchNorm2d(4),
            "sync": nn.SyncBatchNorm(4),
            "ours": normlab.nn.BatchNorm(4),
            "instance": nn.InstanceNorm2d(4, track_running_stats=True),
            "frozen": normlab.nn.beyond.FrozenBatchNorm(4),
            "layer": nn.LayerNorm(4),
            "rms": nn.RMSNorm(4),
            "own": OwnNorm(4),
            "lazy": nn.LazyBatchNorm2d(),
            "strange": StrangeNorm(),
            "scripted": torch.jit.script(nn.BatchNorm2d(4)),
        }
    )
    report = examine(model)
    names = {row.name for row in report.layers}
    assert names == {"torch", "sync", "ours", "instance", "frozen", "layer", "rms", "own"}
    assert set(report.not_examined) == {"lazy", "strange", "scripted"}
    never = next(f for f in report.findings if f.code == "NRM102")
    assert {"torch", "sync", "ours", "instance", "own"} <= set(never.layers)
    assert "frozen" not in never.layers


class OwnNorm(nn.Module):
    """A batch norm as people write it."""

    def __init__(self, channels):
        super().__init__()
        self.gamma, self.beta = (
            nn.Parameter(torch.ones(channels)),
            nn.Parameter(torch.zeros(channels)),
        )
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        shape = (1, -1, *[1] * (x.dim() - 2))
        if self.training:
            dims = [d for d in range(x.dim()) if d != 1]
            mean, var = x.mean(dims), x.var(dims, correction=0)
            n = x.numel() / x.shape[1]
            self.running_mean.mul_(0.9).add_(0.1 * mean.detach())
            self.running_var.mul_(0.9).add_(0.1 * var.detach() * n / (n - 1))
        else:
            mean, var = self.running_mean, self.running_var
        y = (x - mean.view(shape)) / torch.sqrt(var.view(shape) + 1e-5)
        return self.gamma.view(shape) * y + self.beta.view(shape)


class StrangeNorm(nn.Module):
    def forward(self, x):
        return x / (1 + x.abs().amax(1, keepdim=True) ** 3)


def test_an_own_class_is_measured_too():
    x = batches()
    model = nn.Sequential(nn.Linear(4, 4), OwnNorm(4))
    with torch.no_grad():
        for _ in range(3):
            for batch in x:
                model(batch)
    model.eval()
    assert "NRM101" not in codes(examine(model, x))
    model[1].running_mean += 3
    assert "NRM101" in codes(examine(model, x))


def test_one_layer_at_two_places_and_one_never_called():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.BatchNorm1d(4)
            self.b, self.unused = self.a, nn.BatchNorm1d(4)

        def forward(self, x):
            return self.b(x)

    report = examine(Net(), batches(2))
    assert [row.name for row in report.layers] == ["a", "unused"]
    assert report.not_examined["unused"] == "the model does not call it on these batches"


def test_a_state_dict_alone():
    state = {"net.bn.running_mean": torch.zeros(3), "net.bn.running_var": torch.ones(3)}
    report = examine(state)
    assert codes(report) == ["NRM102"]
    assert report.findings[0].layers == ("net.bn",)
    assert {one.why for one in report.not_checked} == {
        "no batches were given",
        "a state_dict alone does not say; give the model",
    }
    with pytest.raises(CheckError, match="state_dict alone cannot be run"):
        examine(state, [torch.randn(2, 3)])


def test_what_cannot_be_examined_is_refused_in_words():
    model = deep(batches())
    for bad, match in [
        ([], "no batch"),
        (iter(()), "no batch"),
        (torch.randn(3, 4), r"give a list of batches, \[x\]"),
        (3, "batches is a int"),
        ([np.zeros((3, 4))], "holds a ndarray"),
        ([torch.randn(3, 5)], "Sequential does not run on a batch"),
        ([torch.randn(3, 4, dtype=torch.float64)], "does not run"),
    ]:
        with pytest.raises(DataError, match=match):
            examine(model, bad)
    with pytest.raises(SettingError, match="max_batches=0"):
        examine(model, batches(), max_batches=0)
    with pytest.raises(SettingError, match="NRM999"):
        examine(model, only=["NRM999"])
    with pytest.raises(CheckError, match="int given"):
        examine(3)


class Hungry(nn.Module):
    def forward(self, x):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return x + y


def test_models_that_do_not_run_are_told_plainly():
    with pytest.raises(
        DataError, match="Hungry ran out of memory on a batch; give smaller batches"
    ):
        examine(Hungry(), batches(1))
    with pytest.raises(DataError, match="several inputs takes mappings"):
        examine(TwoInputs(), batches(1))


def test_a_model_without_norms():
    report = examine(nn.Linear(4, 2), batches(2))
    assert report.findings == ()
    assert report.verdict == "Nothing was found."
    assert report.layers == ()


def test_batches_of_one_class_each():
    x = torch.cat(batches(16, size=16)).sort(0).values
    model = nn.BatchNorm1d(4, momentum=None)
    with torch.no_grad():
        model(x)
    found = examine(model.eval(), list(x.split(16)))
    assert codes(found) == ["NRM202", "NRM201"]
    assert found.findings[1].severity == "remark"  # 16 values of a channel, and it may not train so
    few = examine(model, list(x.split(64)), only=["NRM202"])
    assert few.not_checked[0].why == "4 full batches were seen; 8 are needed"


def test_dropout_ratio_is_that_of_the_formula():
    x = [b + 2 for b in batches(40, size=128)]
    model = nn.Sequential(nn.Dropout(0.3), nn.BatchNorm1d(4)).eval()
    found = next(f for f in examine(model, x, only=["NRM404"]).findings)
    data = torch.cat(x)
    mean, var = data.mean(0), data.var(0)
    ratio = ((var + 0.3 * mean**2) / (var * 0.7)).median().item()
    # the variance of 5,120 samples is known to √(2/5120) = 2 % or, with dropout's heavy ends, twice that
    assert found.measured == pytest.approx(ratio, rel=0.1)
    assert math.isclose(float(found.consequence.rsplit(" ", 1)[1].rstrip(".")), ratio, rel_tol=0.01)
