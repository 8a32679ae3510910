"""The doctor on DistributedDataParallel, in two real processes that talk through gloo."""

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from normlab import doctor
from processes import across


def net(norm=nn.BatchNorm1d):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), norm(4))


def shards(rank, number=4):
    """Other samples on each rank, of another mean."""
    generator = torch.Generator().manual_seed(rank)
    return [torch.randn(8, 3, generator=generator) + rank for _ in range(number)]


def steps(model, batches):
    for x in batches:
        model.train()(x).square().mean().backward()


@across(2)
def test_norms_that_do_not_share_their_statistics_are_found_on_every_rank(rank, size):
    model = DistributedDataParallel(net())
    steps(model, shards(rank))
    state = {name: value.clone() for name, value in model.state_dict().items()}
    report = doctor.examine(model, shards(rank))
    [found] = [finding for finding in report.findings if finding.code == "NRM505"]
    assert found.severity == "warning"
    assert found.measured == 8  # samples of one rank
    assert f"Each of {size} processes" in found.consequence
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    assert model.training


@across(2)
def test_examining_on_one_rank_waits_for_no_other(rank, size):
    model = DistributedDataParallel(net())
    if rank == 0:
        assert doctor.examine(model, shards(rank)).batches == 4


@across(2)
def test_norms_that_share_them_are_not_found(rank, size):
    import normlab

    shared = normlab.convert(net(), to="sync")
    report = doctor.examine(DistributedDataParallel(shared))
    assert "NRM505" in {code for code, _ in report.passed}


@across(2)
def test_a_fix_gives_the_model_within_with_the_statistics_of_this_rank(rank, size):
    model = DistributedDataParallel(net())
    fixed = doctor.recalibrate(model, shards(rank)).model
    assert isinstance(fixed, nn.Sequential)
    y = torch.cat([model.module[0](x) for x in shards(rank)]).double()
    assert torch.allclose(fixed[1].running_mean.double(), y.mean(0), rtol=1e-5, atol=1e-6)
    assert torch.equal(model.module[1].running_mean, torch.zeros(4))


@across(2)
def test_steps_of_every_rank_are_watched(rank, size):
    model = DistributedDataParallel(net())
    with doctor.watch(model, every=2) as watched:
        steps(model, shards(rank))
    assert [sight.step for sight in watched.rows] == [0, 2]
    assert watched.rows[0].values == 8
