"""What fixes make of models and batches that are not as expected."""

from itertools import count

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from normlab import doctor
from normlab.doctor.fixing import treated
from normlab.doctor.observing import MOST
from normlab.errors import CheckError, DataError, SettingError

X = torch.randn(8, 3, 6, 6)


class Pair(nn.Module):
    """Two inputs, by keyword, and outputs in a dict."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
        return {"y": self.norm(self.conv(left + right)), "size": left.sum()}


def test_models_of_two_inputs_and_dicts_are_fixed_too():
    model, batch = Pair().eval(), {"left": X, "right": X}
    folded = doctor.fold(model, [batch])
    assert folded.table[0].status == "done" and folded.table[0].exact < 1e-14
    assert torch.allclose(folded.model(X, X)["y"], model(X, X)["y"], atol=1e-5)
    assert doctor.recalibrate(model, [batch]).changed
    with pytest.raises(DataError, match="does not run"):
        doctor.recalibrate(model, [X])


@pytest.mark.parametrize(
    ("batches", "why"),
    [
        ([], "no batch"),
        ([torch.ones(2, 7, 6, 6)], "does not run"),
        ([torch.full_like(X, torch.nan)], "finite"),
        (["words"], "tensors"),
        (X, "list of batches"),
        (7, "list of batches"),
    ],
)
def test_batches_that_cannot_be_used_are_said(batches, why):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    with pytest.raises(DataError, match=why):
        doctor.recalibrate(model, batches)


def test_an_endless_iterator_is_cut_and_said():
    fixed = doctor.recalibrate(nn.Sequential(nn.BatchNorm2d(3)), (X for _ in count()))
    assert fixed.model[0].num_batches_tracked == MOST
    assert f"first {MOST}" in fixed.notes[0]


class Endless(IterableDataset):
    """It has no length, and every pass begins anew."""

    def __iter__(self):
        return iter(X for _ in count())


@pytest.mark.parametrize("batches", [Endless(), DataLoader(Endless(), batch_size=None)])
def test_what_has_no_length_is_cut_and_said(batches):
    model = nn.Sequential(nn.BatchNorm2d(3))
    fixed = doctor.recalibrate(model, batches, max_batches=3)
    assert fixed.model[0].num_batches_tracked == 3 and "first 3" in fixed.notes[0]
    assert f"first {MOST}" in doctor.fold(model, batches, dry_run=True).notes[0]
    report = doctor.examine(model, batches, max_batches=2)
    fixed = doctor.fix(model, report, batches, max_batches=2)
    assert fixed.model[0].num_batches_tracked == 2 and "first 2" in str(fixed)
    for wrong in (0, True, 1.5):
        with pytest.raises(SettingError, match="max_batches"):
            doctor.recalibrate(model, batches, max_batches=wrong)


def test_all_batches_of_a_list_are_used():
    fixed = doctor.recalibrate(nn.Sequential(nn.BatchNorm2d(3)), [X[:2]] * (MOST + 1))
    assert fixed.model[0].num_batches_tracked == MOST + 1 and not fixed.notes


def test_models_without_a_norm_and_what_is_no_model():
    assert str(doctor.fold(nn.Linear(2, 2))).endswith("Nothing was changed.")
    with pytest.raises(CheckError, match="dict given"):
        treated({}, {"fold": None}, None)  # pyright: ignore[reportArgumentType]


def test_a_fix_that_the_report_does_not_name():
    model = nn.Sequential(nn.LayerNorm(6)).eval()
    with pytest.raises(SettingError, match="names no such fix"):
        doctor.fix(model, doctor.examine(model, [X]), [X], only="fold")


def test_a_loader_gives_the_same_random_numbers_afterwards():
    loader = torch.utils.data.DataLoader(X, batch_size=4, shuffle=True)
    torch.manual_seed(3)
    state = torch.get_rng_state()
    doctor.recalibrate(nn.Sequential(nn.BatchNorm2d(3)), loader)
    assert torch.equal(torch.get_rng_state(), state)


MODELS = [
    (nn.Sequential(nn.LazyBatchNorm2d()), "lazy layers"),
    (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to("meta"), "meta device"),
]


@pytest.mark.parametrize(("model", "why"), MODELS, ids=["lazy", "meta"])
def test_models_without_numbers_are_refused(model, why):
    for call in (doctor.examine, doctor.recalibrate, doctor.fold):
        with pytest.raises(CheckError, match=why):
            call(model, [X])


class Large(Pair):
    def forward(self, left: Tensor, right: Tensor | None = None) -> dict[str, Tensor]:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")


def test_out_of_memory_is_said_as_such():
    for call in (doctor.examine, doctor.recalibrate):
        with pytest.raises(DataError, match="ran out of memory on a batch; give smaller"):
            call(Large(), [X])
