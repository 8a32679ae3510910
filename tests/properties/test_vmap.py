"""Transforms of torch.func over a layer equal loops: ensembles, and the gradient of each sample."""

import copy

import pytest
import torch
from torch.func import functional_call, grad, stack_module_state, vmap

from cases import SHAPE, assert_all_close, by_mode, example, layer_of, weighted
from normlab import nn
from normlab.errors import TransformError

MEMBERS = 3


@pytest.mark.proves("vmap")
@by_mode
def test_an_ensemble_is_a_loop_over_its_members(row, training):
    """Outputs, and what each member keeps of its own batch."""
    members = [layer_of(row, seed=seed).train(training) for seed in range(MEMBERS)]
    state, x = stack_module_state(members), example((MEMBERS, *SHAPE))
    blank = copy.deepcopy(members[0]).to("meta")
    y = vmap(lambda p, b, x: functional_call(blank, (p, b), (x,)))(*state, x)
    assert_all_close(y, [member(own) for member, own in zip(members, x, strict=True)])
    for name, value in state[1].items():
        assert_all_close(value, [member.get_buffer(name) for member in members])


@pytest.mark.proves("vmap")
@by_mode
def test_the_gradient_of_each_sample_is_a_loop(row, training):
    layer, x = layer_of(row).train(training), example((MEMBERS, 1, *SHAPE[1:]))
    parameters = dict(layer.named_parameters())
    kept = {
        name: value.expand(MEMBERS, *value.shape).clone() for name, value in layer.named_buffers()
    }

    def loss(parameters, x, kept):
        return weighted(functional_call(layer, (parameters, kept), (x,)))

    found = vmap(grad(loss, argnums=(0, 1)), in_dims=(None, 0, 0))(parameters, x, kept)
    for i, sample in enumerate(x):
        sample.requires_grad_()
        y = weighted(layer(sample))
        expected = torch.autograd.grad(y, (*parameters.values(), sample))
        assert_all_close([value[i] for value in (*found[0].values(), found[1])], expected)


def test_a_captured_statistic_is_refused():
    layer = nn.BatchNorm(4)
    with pytest.raises(TransformError, match=r"functional_call.*batch_norm_with_stats"):
        vmap(layer)(example((MEMBERS, *SHAPE), dtype=torch.float32))
    assert layer.num_batches_tracked == 0 and bool((layer.running_mean == 0).all())
