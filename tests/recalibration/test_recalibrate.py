"""Running statistics from data: exact, whatever the order, and nothing else of the model touched."""

import weakref

import pytest
import torch
from torch import nn

from cases import assert_close, exact
from normlab.errors import CheckError, DataError
from normlab.nn import BatchNorm
from normlab.nn.beyond import FrozenBatchNorm
from normlab.recalibration.batches import Batches, tensors
from normlab.recalibration.recalibrate import recalibrate
from processes import across


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Dropout(0.5), nn.ReLU(), nn.Conv2d(6, 4, 3),
        BatchNorm(4),
    ).double()  # fmt: skip


def images(number=23, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(number, 3, 8, 8, generator=generator, dtype=torch.float64) + 20


def stored(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def channels(x):
    return x.movedim(1, 0).flatten(1)


def test_each_layer_holds_the_moments_of_what_reaches_it_in_use():
    """By hand: all data at once, through a network whose earlier layers already have their statistics."""
    model, x = net(), images()
    assert recalibrate(model, x.split(5)) == ("1", "5")
    model.eval()
    for layer, before in ((model[1], model[:1]), (model[5], model[:5])):
        seen = channels(before(x))
        assert_close(layer.running_mean, seen.mean(1), pooled=seen.shape[1])
        assert_close(layer.running_var, seen.var(1), pooled=seen.shape[1])
        assert layer.num_batches_tracked == 5


@pytest.mark.parametrize("batches", [[5, 18], [1] * 23, [23], [0, 20, 3]], ids=str)
def test_neither_order_nor_batches_matter(batches):
    model, other = net(), net()
    recalibrate(model, images().split(5))
    recalibrate(other, images().flip(0).split(batches))
    for name in ("1.running_mean", "1.running_var", "5.running_mean", "5.running_var"):
        assert_close(other.state_dict()[name], model.state_dict()[name], pooled=23 * 36)


def test_modes_random_numbers_hooks_and_parameters_stay():
    model = net().train()
    model[3].eval()
    before, modes = stored(model), [part.training for part in model.modules()]
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    recalibrate(model, torch.utils.data.DataLoader(images(), batch_size=4, shuffle=True))
    assert torch.equal(torch.rand(3), expected)
    assert [part.training for part in model.modules()] == modes
    assert not any(part._forward_pre_hooks or part._forward_hooks for part in model.modules())
    kept = [name for name, value in stored(model).items() if torch.equal(value, before[name])]
    assert set(before) - set(kept) == {
        f"{i}.{name}" for i in (1, 5) for name in ("running_mean", "running_var", "num_batches_tracked")
    }  # fmt: skip


class Streamed(torch.utils.data.IterableDataset):
    """Batches that count how many of them are alive."""

    alive = most = 0

    def __iter__(self):
        for seed in range(12):
            batch = images(4, seed)
            Streamed.alive += 1
            Streamed.most = max(Streamed.most, Streamed.alive)
            weakref.finalize(batch, Streamed.gone)
            yield batch
            del batch

    @classmethod
    def gone(cls):
        cls.alive -= 1


def test_batches_are_streamed_and_not_kept():
    recalibrate(net(), torch.utils.data.DataLoader(Streamed(), batch_size=None))
    assert Streamed.most <= 3


def test_an_iterator_is_gone_through_again_all_the_same():
    model, other = net(), net()
    assert recalibrate(model, iter(images().split(5))) == ("1", "5")
    recalibrate(other, images().split(5))
    assert torch.equal(model[5].running_var, other[5].running_var)


class Tamed(nn.BatchNorm2d):
    """What is normalised is not what comes in."""

    def forward(self, input):
        return 2 * super().forward(input + 7)


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)

    def forward(self, x):
        b = self.bn
        return nn.functional.batch_norm(x + 7, b.running_mean, b.running_var, b.weight, b.bias)


@pytest.mark.parametrize("kind", [lambda: Tamed(3), Functional], ids=["own forward", "functional"])
def test_statistics_are_of_what_is_normalised(kind):
    model = kind().double()
    recalibrate(model, [images()])
    mean = model.state_dict().get("running_mean", model.state_dict().get("bn.running_mean"))
    assert_close(mean, channels(images()).mean(1) + 7, pooled=23 * 64)


def test_by_keyword_and_with_a_mask():
    class Keyword(nn.Module):
        def __init__(self):
            super().__init__()
            self.bn = BatchNorm(3)

        def forward(self, x):
            valid = torch.arange(8) < 6
            return self.bn(mask=valid, input=x)

    model = Keyword().double()
    recalibrate(model, [images()])
    seen = channels(images()[..., :6])
    assert_close(model.bn.running_mean, seen.mean(1), pooled=seen.shape[1])
    assert_close(model.bn.running_var, seen.var(1), pooled=seen.shape[1])


def test_an_instance_norm_tracks_averages_over_samples():
    layer, x = nn.InstanceNorm2d(3, track_running_stats=True).double(), images()
    assert recalibrate(layer, x.split(5)) == ("the model",)
    assert_close(layer.running_mean, x.flatten(2).mean(2).mean(0), pooled=23 * 64)
    assert_close(layer.running_var, x.flatten(2).var(2).mean(0), pooled=23 * 64)


def test_a_layer_called_twice_has_the_statistics_of_both_calls():
    """Each call normalises by the batch meanwhile, as in training."""

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.bn = nn.BatchNorm2d(3)

        def forward(self, x):
            return self.bn(3 * self.bn(x) + 1)

    model, x = Twice().double(), images()
    recalibrate(model, [x])
    first = channels(x)
    second = (
        3
        * (first - first.mean(1, keepdim=True))
        / (first.var(1, False, keepdim=True) + 1e-5).sqrt()
        + 1
    )
    both = torch.cat([first, second], 1)
    assert_close(model.bn.running_mean, both.mean(1), pooled=both.shape[1])
    assert_close(model.bn.running_var, both.var(1), pooled=both.shape[1])
    assert model.bn.momentum == 0.1


def test_frozen_layers_are_left_alone():
    """In evaluation while the model trains; without gradients while others have them; frozen by class."""
    model = nn.Sequential(
        nn.BatchNorm2d(3), nn.BatchNorm2d(3), FrozenBatchNorm(3), nn.BatchNorm2d(3)
    )
    model = model.double().train()
    model[0].eval()
    model[1].requires_grad_(False)
    before = stored(model)
    assert recalibrate(model, [images()]) == ("3",)
    changed = {
        name for name, value in stored(model).items() if not torch.equal(value, before[name])
    }
    assert {name[0] for name in changed} == {"3"}
    assert recalibrate(model.eval().requires_grad_(False), [images()]) == ("0", "1", "3")


def test_inside_what_is_compiled():
    model = torch.compile(net(), backend="eager")
    assert recalibrate(model, [images()]) == ("_orig_mod.1", "_orig_mod.5")


@across(2)
def test_processes_pool_their_data(rank, size):
    model, alone = net(), net()
    own = [images().split([7, 16])[rank]]
    recalibrate(model, own, process_group="world")
    recalibrate(alone, [images()])
    for name, value in model.state_dict().items():
        if "running" in name:
            assert_close(value, alone.state_dict()[name], pooled=23 * 36)


def overflowing():
    return nn.Sequential(nn.BatchNorm2d(3)).half(), [1000 * torch.randn(2, 3, 4, 4).half()]


class Sometimes(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn, self.spare = nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x):
        return self.bn(x)


def only_spare():
    model = Sometimes()
    return model, [images().float()], {"only": [model.spare]}


NAN = images().index_fill(0, torch.tensor([2]), torch.nan)
REFUSED = {
    "no batch": (lambda: (net(), []), DataError, "batches holds no batch; give at least one."),
    "a tensor": (
        lambda: (net(), images()),
        DataError,
        "batches is a Tensor; give a list of batches, [x], or a DataLoader.",
    ),
    "words": (
        lambda: (net(), ["a"]),
        DataError,
        "batches holds a str; give batches that are tensors, tuples that begin with one, or mappings of a "
        "model's keywords.",
    ),
    "NaN": (
        lambda: (net(), [images(), NAN]),
        DataError,
        "1: its running_mean over the data would not be finite numbers of torch.float64; look for NaN and "
        "infinity in the data and weights, or give the layer a wider dtype.",
    ),
    "more than the dtype holds": (
        overflowing,
        DataError,
        "0: its running_var over the data would not be finite numbers of torch.float16; look for NaN and "
        "infinity in the data and weights, or give the layer a wider dtype.",
    ),
    "one value": (
        lambda: (nn.BatchNorm1d(3), [torch.ones(1, 3)]),
        DataError,
        "the model: 1 value(s) per channel have no variance; give more data.",
    ),
    "no layer": (
        lambda: (nn.Sequential(nn.ReLU()), [images()]),
        CheckError,
        "Sequential: no batch norm with running statistics to recalibrate; it has none.",
    ),
    "all frozen": (
        lambda: (nn.Sequential(nn.BatchNorm2d(3).eval(), nn.Conv2d(3, 3, 1)), [images().float()]),
        CheckError,
        "Sequential: no batch norm with running statistics to recalibrate; all that it has are frozen.",
    ),
    "not called": (
        only_spare,
        DataError,
        "spare is not called when the model runs on batches, so nothing is known of its statistics; "
        "leave it out.",
    ),
    "does not run": (
        lambda: (net(), [images().flatten(1)]),
        DataError,
        None,
    ),
}


@pytest.mark.parametrize(("case", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(case, kind, message):
    model, batches, *more = case()
    before = stored(model)
    with pytest.raises(
        kind, match="does not run on a batch" if message is None else exact(message)
    ):
        recalibrate(model, batches, **(more[0] if more else {}))
    assert all(torch.equal(value, before[name]) for name, value in stored(model).items())


def test_a_second_pass_that_fails_leaves_the_first_undone():
    class Failing:
        passes = 0

        def __iter__(self):
            Failing.passes += 1
            yield images()
            if Failing.passes == 3:
                raise KeyboardInterrupt

    model = net()
    before = stored(model)
    with pytest.raises(KeyboardInterrupt):
        recalibrate(model, Failing())
    assert all(torch.equal(value, before[name]) for name, value in stored(model).items())


def test_batches_may_be_mappings_of_keywords():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.bn = nn.BatchNorm2d(3)

        def forward(self, *, pixels):
            return self.bn(pixels)

    model = Named().double()
    recalibrate(model, [{"pixels": images()}])
    assert_close(model.bn.running_mean, channels(images()).mean(1), pooled=23 * 64)


def test_the_number_of_batches_is_known_where_it_is():
    assert len(Batches([images()])) == 1
    assert len(Batches(torch.utils.data.DataLoader(Streamed(), batch_size=None))) == 0


def test_tensors_of_an_output_leave_out_what_cannot_differ_by_a_little():
    found = list(tensors({"a": [torch.ones(2)], "b": torch.arange(3), "c": None, "d": "text"}))
    assert len(found) == 1
