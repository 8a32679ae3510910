"""Activation checkpointing changes no gradient, and running statistics are updated once."""

import pytest
from torch.utils.checkpoint import checkpoint

from cases import assert_all_close, buffers, by_mode, example, layer_of, run


@pytest.mark.proves("checkpoint")
@by_mode
@pytest.mark.parametrize("reentrant", [True, False], ids=["reentrant", "not reentrant"])
def test_a_checkpoint_changes_nothing(row, reentrant, training):
    plain, layer = (layer_of(row).train(training) for _ in range(2))
    expected = run(plain, example())

    class Checkpointed(type(layer)):
        def forward(self, x):
            return checkpoint(super().forward, x, use_reentrant=reentrant)

    layer.__class__ = Checkpointed
    assert_all_close(run(layer, example()), expected)
    assert_all_close(buffers(layer), buffers(plain))
    if row.running and training:
        assert layer.num_batches_tracked == 1
