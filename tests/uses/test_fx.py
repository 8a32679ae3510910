"""torch.fx records every layer and function as one call, which obeys train() and eval() afterwards."""

import copy
import pickle

import pytest
import torch
from configurations import SHAPE, C, by_layer, layer_of
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

import normlab
from cases import assert_close, example
from normlab import functional as F
from normlab.equation.table import TABLE


def network(layer):
    return nn.Sequential(nn.Conv2d(C, C, 3, padding=1), layer, nn.ReLU()).double()


@pytest.mark.works("fx")
@by_layer
def test_a_traced_network_is_the_network(layer):
    """In training and in evaluation, whichever was on when it was traced."""
    net = network(layer_of(layer))
    traced = fx.symbolic_trace(copy.deepcopy(net).eval())
    assert [node.target for node in traced.graph.nodes if node.op == "call_module"] == [
        "0",
        "1",
        "2",
    ]
    for training in (True, False, True):
        for seed in range(2):
            x = example(SHAPE, seed)
            assert torch.equal(traced.train(training)(x), net.train(training)(x))
    for (name, mine), other in zip(
        traced.state_dict().items(), net.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, other), name


@by_layer
def test_a_layer_alone_is_traced(layer):
    ours = layer_of(layer).eval()
    assert torch.equal(fx.symbolic_trace(ours)(example(SHAPE)), ours(example(SHAPE)))


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = normlab.nn.BatchNorm(C).double()

    def forward(self, x, mask, scale=1.0):
        return self.norm(input=x * scale, mask=mask > 0)


def test_masks_and_keywords_are_recorded():
    net = Masked()
    traced = fx.symbolic_trace(copy.deepcopy(net))
    mask = torch.ones(SHAPE[0], *SHAPE[2:])
    mask[0, :2] = 0
    for given in ((example(SHAPE), mask), (example(SHAPE, 1), 1 - mask, 2.0)):
        assert torch.equal(traced(*given), net(*given))
    assert torch.equal(traced.norm.running_mean, net.norm.running_mean)


class Extractor(nn.Module):
    """Named outputs of a network, as torchvision's create_feature_extractor cuts them out."""

    def __init__(self, net, names):
        super().__init__()

        class Named(fx.Tracer):
            def call_module(self, m, forward, args, kwargs):
                outer, self.current = self.current, self.path_of_module(m)
                try:
                    if not self.is_leaf_module(m, self.current):
                        return forward(*args, **kwargs)
                    return self.create_proxy("call_module", self.current, args, kwargs)
                finally:
                    self.current = outer

            def create_proxy(self, *args, **kwargs):
                proxy = super().create_proxy(*args, **kwargs)
                self.named[self.current] = proxy.node
                return proxy

        tracer = Named()
        tracer.current, tracer.named = "", {}
        graph = tracer.trace(net)
        (end,) = (node for node in graph.nodes if node.op == "output")
        with graph.inserting_before(end):
            graph.output({name: tracer.named[name] for name in names})
        graph.erase_node(end)
        self.body = fx.GraphModule(net, graph)
        self.body.graph.eliminate_dead_code()
        self.body.recompile()

    def forward(self, x):
        return self.body(x)


@by_layer
def test_features_are_cut_out(layer):
    """At the layer's own name, in the mode that the extractor is in."""
    net = network(layer_of(layer))
    features = Extractor(copy.deepcopy(net), ["1", "2"])
    for training in (False, True):
        found = features.train(training)(example(SHAPE))
        y = net[:2].train(training)(example(SHAPE))
        assert torch.equal(found["1"], y)
        assert torch.equal(found["2"], y.relu())


def test_hooks_run_once():
    net = network(normlab.nn.GDN(C))
    net[1].register_forward_hook(lambda layer, args, y: 3 * y)
    net[1].register_forward_pre_hook(lambda layer, args: (args[0] + 1,))
    traced = fx.symbolic_trace(net)
    assert torch.equal(traced(example(SHAPE)), net(example(SHAPE)))


def test_a_traced_network_is_copied_and_pickled():
    net = network(normlab.nn.BatchNorm(C)).eval()
    traced = fx.symbolic_trace(net)
    for other in (copy.deepcopy(traced), pickle.loads(pickle.dumps(traced))):
        assert torch.equal(other(example(SHAPE)), net(example(SHAPE)))


def test_shapes_are_propagated():
    traced = fx.symbolic_trace(network(normlab.nn.LayerNorm(SHAPE[-1])))
    ShapeProp(traced).propagate(example(SHAPE))
    assert {tuple(node.meta["tensor_meta"].shape) for node in traced.graph.nodes} == {SHAPE}


VECTOR = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
FUNCTIONS = {
    "batch_norm": lambda x: F.batch_norm(x, None, None, VECTOR, training=True),
    "batch_norm_with_stats": lambda x: F.batch_norm_with_stats(x, VECTOR, VECTOR)[1],
    "layer_norm": lambda x: F.layer_norm(x, x.shape[-1:]),
    "group_norm": lambda x: F.group_norm(x, 2, bias=VECTOR),
    "instance_norm": lambda x: F.instance_norm(x),
    "rms_norm": lambda x: F.rms_norm(x, (6,)),
    "local_response_norm": lambda x: F.local_response_norm(x, 3),
    "local_contrast_norm": lambda x: F.local_contrast_norm(x, size=3),
    "divisive_norm": lambda x: F.divisive_norm(x, sigma=VECTOR, pool_input=x * x),
    "gdn": lambda x: F.gdn(input=x, inverse=True),
    "gdn_inverse": lambda x: F.gdn_inverse(x / 10),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_is_recorded(function):
    traced = fx.symbolic_trace(function)
    named = [node.target for node in traced.graph.nodes if node.op == "call_function"]
    assert any(target in vars(F).values() for target in named)
    assert_close(traced(example(SHAPE)), function(example(SHAPE)))


@pytest.mark.parametrize("row", [*TABLE])
def test_the_equation_is_recorded(row):
    traced = fx.symbolic_trace(lambda x: normlab.normalize(x, row).scale)
    assert torch.equal(traced(example(SHAPE)), normlab.normalize(example(SHAPE), row).scale)


def test_every_function_is_tried():
    assert set(FUNCTIONS) == set(F.__all__)
