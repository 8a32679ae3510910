"""convert with data: exact statistics where there are any, weights fitted elsewhere, and all or nothing."""

import copy
import dataclasses
from collections import OrderedDict
from typing import NamedTuple

import pytest
import torch
from architectures import ALL, TransformerLike, batches, trained_like
from torch import nn

import normlab
from cases import assert_close, exact
from normlab.conversion.exchange import converted
from normlab.errors import CheckError, DataError, SettingError
from normlab.recalibration.recalibrate import recalibrate


def same_state(model, before):
    return all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def stored(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("inplace", [False, True], ids=["copy", "in place"])
@pytest.mark.parametrize("to", ["batch", "sync", "frozen"])
def test_where_the_function_stays_statistics_become_those_of_all_the_data(to, inplace):
    """The first layer's by hand; all of them as `recalibrate` has them; weights untouched."""
    model = trained_like(ALL["ResNet"])
    before, expected = stored(model), copy.deepcopy(model)
    recalibrate(expected, batches())
    seen = model.stem[0](torch.cat(batches())).movedim(1, 0).flatten(1)
    new = normlab.convert(model, to=to, calibration=batches(), inplace=inplace)
    assert_close(new.stem[1].running_mean, seen.mean(1), pooled=seen.shape[1])
    assert_close(new.stem[1].running_var, seen.var(1), pooled=seen.shape[1])
    for name, value in new.state_dict().items():
        assert torch.equal(value, expected.state_dict()[name])
    assert inplace or same_state(model, before)


def test_frozen_layers_get_the_statistics_of_the_data_when_they_become_batch_norms():
    model = normlab.convert(trained_like(ALL["DenseNet"]), to="frozen")
    shifted = [batch + 2 for batch in batches()]
    new = normlab.convert(model, to="batch", source="frozen", calibration=shifted)
    expected = normlab.convert(model, to="batch", source="frozen")
    recalibrate(expected, shifted)
    assert same_state(new, expected.state_dict())


def test_the_change_in_the_outputs_is_measured_there_too():
    model = trained_like(ALL["UNet"])
    found = converted(model, "sync", calibration=[batch + 2 for batch in batches()])
    assert found.difference_carried < 1e-12 < 1e-3 < found.difference


def test_a_layer_that_does_not_learn_keeps_its_statistics_and_says_so():
    model = trained_like(ALL["UNet"]).train()
    model.deep[1].eval()
    before = stored(model)
    found = converted(model, "sync", calibration=batches())
    notes = {change.names[0]: change.note for change in found.changes}
    assert notes["deep.1"].endswith("; its statistics are left, since it does not learn")
    assert not notes["up.1"].endswith("learn")
    kept = found.model.deep[1].running_mean
    assert torch.equal(kept, before["deep.1.running_mean"])


def test_a_new_batch_norm_has_the_exact_statistics_of_its_input():
    model = normlab.convert(trained_like(ALL["ResNet"]), to="group")
    new = normlab.convert(model, to="batch", source="group", calibration=batches())
    seen = model.stem[0](torch.cat(batches())).movedim(1, 0).flatten(1)
    assert_close(new.stem[1].running_mean, seen.mean(1), pooled=seen.shape[1])
    assert_close(new.stem[1].running_var, seen.var(1), pooled=seen.shape[1])


def test_weight_and_bias_are_those_of_least_squares():
    """Against torch.linalg.lstsq, channel by channel, for one layer."""
    torch.manual_seed(0)
    old = nn.BatchNorm2d(4).double()
    old.running_mean.copy_(torch.randn(4))
    nn.init.normal_(old.weight)
    x = torch.randn(6, 4, 5, 5, dtype=torch.float64) ** 3
    new = normlab.convert(old.eval(), to="group", calibration=x.split(2))
    plain = nn.functional.group_norm(x, new.num_groups).movedim(1, 0).flatten(1)
    wanted = old(x).movedim(1, 0).flatten(1)
    for channel in range(4):
        columns = torch.stack([plain[channel], torch.ones_like(plain[channel])], 1)
        weight, bias = torch.linalg.lstsq(columns, wanted[channel][:, None]).solution.flatten()
        assert_close(new.weight[channel], weight, pooled=150 * 16)
        assert_close(new.bias[channel], bias, pooled=150 * 16)


class Both(NamedTuple):
    out: torch.Tensor
    aux: torch.Tensor


@dataclasses.dataclass
class Named:
    out: torch.Tensor
    aux: torch.Tensor
    note: str = ""


OUTPUTS = {
    "dict": lambda out, aux: OrderedDict(out=out, aux=aux),
    "tuple": lambda out, aux: (out, aux),
    "named tuple": Both,
    "dataclass": Named,
    "nested": lambda out, aux: {"a": [out, {"b": (aux, None)}]},
}


class TwoHeads(nn.Module):
    def __init__(self, output):
        super().__init__()
        self.output, self.conv, self.bn = output, nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
        self.head, self.aux = nn.Conv2d(8, 2, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        h = self.bn(self.conv(x)).relu()
        return self.output(self.head(h), self.aux(h))


@pytest.mark.parametrize("inplace", [False, True], ids=["copy", "in place"])
@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_outputs_of_every_form(output, inplace):
    torch.manual_seed(0)
    model = TwoHeads(output).double()
    plain = TwoHeads(OUTPUTS["tuple"]).double()
    plain.load_state_dict(model.state_dict())
    found = converted(model, "group", calibration=batches())
    expected = converted(plain, "group", calibration=batches())
    assert found.difference == expected.difference < found.difference_carried
    new = normlab.convert(model, to="group", calibration=batches(), inplace=inplace)
    assert type(new.bn).__name__ == "GroupNorm"


def test_outputs_that_do_not_compare_are_no_number():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.bn = nn.BatchNorm2d(3)

        def forward(self, x):
            y = self.bn(x)
            return y[y > 0.5]

    found = converted(Counting().double().eval(), "group", calibration=batches())
    assert found.difference is None


def test_a_layer_called_by_keyword():
    class Keyword(nn.Module):
        def __init__(self):
            super().__init__()
            self.bn = nn.BatchNorm2d(3)

        def forward(self, x):
            return self.bn(input=x)

    new = normlab.convert(Keyword().double(), to="group", calibration=batches())
    assert new(batches()[0]).shape == batches()[0].shape


def test_a_loader_is_streamed_and_random_numbers_stay():
    class Stream(torch.utils.data.IterableDataset):
        given = 0

        def __iter__(self):
            for batch in batches():
                Stream.given += 1
                yield batch

        def __getitem__(self, index):
            raise AssertionError

    model = trained_like(ALL["ResNet"])
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    loader = torch.utils.data.DataLoader(Stream(), batch_size=None)
    new = normlab.convert(model, to="group", calibration=loader)
    assert torch.equal(torch.rand(2), expected) and Stream.given > 3  # gone through more than once
    assert same_state(new, normlab.convert(model, to="group", calibration=batches()).state_dict())
    again = normlab.convert(model, to="group", calibration=iter(batches()))
    assert same_state(new, again.state_dict())


def unused():
    model = trained_like(ALL["UNet"])
    model.spare = nn.BatchNorm2d(2).double()
    return model


REFUSED = {
    "no batch": (
        lambda: (unused(), {"calibration": []}),
        DataError,
        "calibration holds no batch; give at least one.",
    ),
    "a tensor": (
        lambda: (unused(), {"calibration": batches()[0]}),
        DataError,
        "calibration is a Tensor; give a list of batches, [x], or a DataLoader.",
    ),
    "a layer that is never called": (
        lambda: (unused(), {"calibration": batches()}),
        CheckError,
        "convert: spare: it is not called when the model runs on calibration; it may be unused, or its "
        "numbers read by other code, which would fail. Leave it out with skip='spare', or give no "
        "calibration.",
    ),
    "the second batch does not fit": (
        lambda: (trained_like(ALL["UNet"]), {"calibration": [batches()[0], torch.ones(2, 3)]}),
        DataError,
        None,
    ),
    "groups for another kind": (
        lambda: (unused(), {"to": "layer", "num_groups": 2}),
        SettingError,
        "convert: num_groups=2 given with to='layer'; it is for to='group' alone.",
    ),
    "no number of groups": (
        lambda: (unused(), {"num_groups": 0}),
        SettingError,
        "convert: num_groups=0 given; it must be a whole number >= 1.",
    ),
    "processes for another kind": (
        lambda: (unused(), {"to": "frozen", "process_group": None}),
        SettingError,
        "convert: process_group given with to='frozen'; it is for to='sync' alone.",
    ),
    "nothing to calibrate": (
        lambda: (unused(), {"to": "normlab", "calibration": batches()}),
        SettingError,
        "convert: calibration given with to='normlab', which does not change any numbers; leave it out.",
    ),
    "no statistics to calibrate": (
        lambda: (
            nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False)),
            {"to": "sync", "calibration": [torch.ones(2, 3, 4, 4)]},
        ),
        CheckError,
        "Sequential: no batch norm with running statistics to recalibrate; it has none.",
    ),
}


@pytest.mark.parametrize("inplace", [False, True], ids=["copy", "in place"])
@pytest.mark.parametrize(("case", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(case, kind, message, inplace):
    model, more = case()
    before, layers = stored(model), [type(part) for part in model.modules()]
    with pytest.raises(
        kind, match="does not run on a batch" if message is None else exact(message)
    ):
        normlab.convert(model, **({"to": "group"} | more), inplace=inplace)
    assert [type(part) for part in model.modules()] == layers and same_state(model, before)
    assert not any(part._forward_hooks for part in model.modules())


@pytest.mark.parametrize("to", ["group", "sync", "frozen", "batch"])
def test_an_interruption_leaves_the_model_as_it_was(to):
    """Whichever pass it comes in."""

    class Interrupted:
        def __init__(self, last):
            self.left = last

        def __iter__(self):
            for batch in batches():
                self.left -= 1
                if self.left < 0:
                    raise KeyboardInterrupt
                yield batch

    model = trained_like(ALL["UNet"])
    before, layers = stored(model), [type(part) for part in model.modules()]
    for last in range(40):
        try:
            normlab.convert(model, to=to, calibration=Interrupted(last), inplace=True)
            break
        except KeyboardInterrupt:
            assert [type(part) for part in model.modules()] == layers and same_state(model, before)
    assert 3 < last < 39


def test_shared_weights_are_fitted_together():
    """Two norms of one weight: its slope is that of both, not of the last."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)).double()
    model[2].weight = model[0].weight
    x = [torch.randn(8, 4, 6, 6, dtype=torch.float64) for _ in range(2)]
    for batch in x:
        model(batch)
    model.eval()
    new = normlab.convert(model, to="group", calibration=x)
    assert new[0].weight is new[2].weight
    pairs = []
    h = torch.cat(x)
    for old in model:
        if isinstance(old, nn.BatchNorm2d):
            a = nn.functional.group_norm(h, new[0].num_groups).movedim(1, 0).flatten(1)
            pairs.append((a - a.mean(1, keepdim=True), old(h).movedim(1, 0).flatten(1)))
        h = old(h)
    slope = sum((a * b).sum(1) for a, b in pairs) / sum((a * a).sum(1) for a, _ in pairs)
    assert_close(new[0].weight, slope, pooled=576)


def test_transformers_are_calibrated_over_their_last_dimension():
    model = trained_like(TransformerLike)
    new = normlab.convert(model, "rms", "layer", calibration=batches())
    assert not torch.equal(new.norm.weight, model.norm.weight)
