"""What torch's tools for modules do with every layer: copies, files, tracing, sharing, pruning …"""

import copy
import io
import pickle

import pytest
import torch
from configurations import CONFIGURATIONS, SHAPE, C, by_layer, layer_of
from torch import nn
from torch.func import functional_call
from torch.nn.utils import parametrize, prune
from torch.utils.checkpoint import checkpoint

from cases import assert_close, by_mode, example, weighted
from normlab.errors import ScriptError

LEARNING = [
    name
    for name, make in CONFIGURATIONS.items()
    if any(p.requires_grad for p in make().parameters())
]
by_learning = pytest.mark.parametrize("layer", LEARNING)


def gradients(layer, x, **given):
    x = x.clone().requires_grad_()
    y = layer(x, **given)
    weighted(y).backward()
    return y.detach(), x.grad, *(value.grad for value in layer.parameters())


def all_equal(mine, others):
    for one, other in zip(mine, others, strict=True):
        assert (one is None and other is None) or torch.equal(one, other)


@pytest.mark.works("trace and save")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@by_layer
def test_a_trace_is_saved(layer):
    ours, file = layer_of(layer).eval(), io.BytesIO()
    torch.jit.save(torch.jit.trace(ours, example(SHAPE)), file)
    file.seek(0)
    loaded = torch.jit.load(file)
    for x in (example(SHAPE, 1), example((5, *SHAPE[1:]), 2)):
        assert_close(loaded(x), ours(x))


@pytest.mark.works("script")
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@by_layer
def test_script_is_refused_in_words(layer):
    net = nn.Sequential(nn.Conv2d(C, C, 3), CONFIGURATIONS[layer]())
    for given in (net, net[1]):
        with pytest.raises(ScriptError, match=r"torch\.jit\.trace\(model\.eval\(\), x\)"):
            torch.jit.script(given)


@pytest.mark.works("deepcopy")
@by_layer
@by_mode
def test_a_copy_shares_nothing(layer, training):
    ours = layer_of(layer).train(training)
    ours(example(SHAPE))
    other = copy.deepcopy(ours)
    before = copy.deepcopy(other.state_dict())
    all_equal(gradients(other, example(SHAPE, 1)), gradients(ours, example(SHAPE, 1)))
    fresh = copy.deepcopy(layer_of(layer))
    fresh.load_state_dict(before)
    for value in ours.parameters():
        value.data.add_(1)
    assert all(torch.equal(before[k], v) for k, v in fresh.state_dict().items())


@pytest.mark.works("pickle")
@by_layer
@by_mode
def test_pickles(layer, training):
    ours = layer_of(layer).train(training)
    ours(example(SHAPE))
    file = io.BytesIO()
    torch.save(ours, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    expected = copy.deepcopy(ours)(example(SHAPE, 1))
    for other in (pickle.loads(pickle.dumps(ours)), loaded):
        assert repr(other) == repr(ours)
        assert torch.equal(other(example(SHAPE, 1)), expected)


@pytest.mark.works("state_dict")
@by_layer
def test_state_goes_into_a_new_layer(layer):
    ours, new, file = layer_of(layer), CONFIGURATIONS[layer]().double(), io.BytesIO()
    ours(example(SHAPE))
    torch.save(ours.state_dict(), file)
    file.seek(0)
    assert str(new.load_state_dict(torch.load(file))) == "<All keys matched successfully>"
    all_equal(gradients(new, example(SHAPE)), gradients(ours, example(SHAPE)))


@pytest.mark.works("functional_call")
@by_layer
@by_mode
def test_functional_call(layer, training):
    """With another's parameters and buffers it is that other."""
    ours, other = CONFIGURATIONS[layer]().double().train(training), layer_of(layer).train(training)
    before = copy.deepcopy(ours.state_dict())
    given = {name: value.clone() for name, value in other.state_dict().items()}
    y = functional_call(ours, given, (example(SHAPE),))
    assert torch.equal(y, other(example(SHAPE)))
    for name, value in other.state_dict().items():
        assert torch.equal(given[name], value)
    all_equal(before.values(), ours.state_dict().values())


@pytest.mark.works("checkpoint")
@by_layer
@by_mode
def test_checkpoints(layer, training):
    plain, ours = (layer_of(layer).train(training) for _ in range(2))

    def saved(x):
        return checkpoint(ours, x, use_reentrant=False)

    x, other = (example(SHAPE).requires_grad_() for _ in range(2))
    weighted(plain(x)).backward()
    weighted(saved(other)).backward()
    all_equal([other.grad, *ours.buffers()], [x.grad, *plain.buffers()])
    all_equal([v.grad for v in ours.parameters()], [v.grad for v in plain.parameters()])


@pytest.mark.works("autocast")
@by_layer
def test_autocast(layer):
    """The layer's input is what a convolution gives in bfloat16: half in, half out, float32 gradients."""
    conv, ours = nn.Conv2d(C, C, 1), layer_of(layer, torch.float32)
    fresh = copy.deepcopy(ours)
    with torch.no_grad():
        conv.weight.copy_(example(conv.weight.shape, 3))
    with torch.autocast("cpu", torch.bfloat16):
        y = ours(conv(example(SHAPE, dtype=torch.float32)))
    weighted(y.float()).backward()
    expected = copy.deepcopy(fresh).double()(conv(example(SHAPE, dtype=torch.float32)).double())
    assert (y - expected).abs().max() <= 2**-5 * (1 + expected.abs().max())
    assert all(v.grad is None or v.grad.dtype == torch.float32 for v in ours.parameters())
    assert bool(conv.weight.grad.isfinite().all())


class Doubled(nn.Module):
    def forward(self, value):
        return 2 * value

    def right_inverse(self, value):
        return value / 2


@pytest.mark.works("parametrize")
@by_learning
def test_a_parametrised_parameter(layer):
    """It is used and learned, and the layer is as before once that is removed."""
    ours, plain = layer_of(layer), layer_of(layer)
    for part, name in learned(ours):
        parametrize.register_parametrization(part, name, Doubled())
    assert_close(ours(example(SHAPE)), plain(example(SHAPE)))
    weighted(ours(example(SHAPE, 1))).backward()
    weighted(plain(example(SHAPE, 1))).backward()
    for mine, (part, name) in zip(sorted_like(ours, plain), learned(plain), strict=True):
        assert_close(mine.grad, 2 * getattr(part, name).grad)
    for part in [*ours.modules()]:
        for name in [*getattr(part, "parametrizations", {})]:
            parametrize.remove_parametrizations(part, name)
    assert type(ours) is type(plain)
    assert_close(ours.eval()(example(SHAPE)), plain.eval()(example(SHAPE)))


def learned(layer):
    """Each part with a parameter of its own, and the parameter's name."""
    return [
        (part, name) for part in layer.modules() for name, _ in part.named_parameters(recurse=False)
    ]


def sorted_like(layer, plain):
    """The original parameters of a parametrised layer, in the order of the plain one's."""
    named = dict(layer.named_parameters())
    parts = {id(part): prefix for prefix, part in plain.named_modules()}
    names = [(parts[id(part)], name) for part, name in learned(plain)]
    return [named[".".join(filter(None, [p, "parametrizations", n, "original"]))] for p, n in names]


@pytest.mark.works("prune")
@by_learning
def test_a_pruned_parameter(layer):
    """What is pruned is 0 to the layer and gets no gradient; made permanent it stays."""
    ours, plain = layer_of(layer), layer_of(layer)
    part, name = learned(ours)[0]
    mask = torch.ones_like(getattr(part, name))
    mask.view(-1)[0] = 0
    prune.custom_from_mask(part, name, mask)
    with torch.no_grad():
        getattr(*learned(plain)[0]).mul_(mask)
    assert_close(ours(example(SHAPE)), plain(example(SHAPE)))
    weighted(ours(example(SHAPE, 1))).backward()
    assert getattr(part, f"{name}_orig").grad.view(-1)[0] == 0
    prune.remove(part, name)
    plain(example(SHAPE, 1))
    assert_close(ours.eval()(example(SHAPE)), plain.eval()(example(SHAPE)))


@pytest.mark.works("weight sharing")
@by_learning
def test_shared_parameters_get_the_sum_of_gradients(layer):
    one, two, alone = layer_of(layer), layer_of(layer), [layer_of(layer) for _ in range(2)]
    for (part, name), (other, _) in zip(learned(one), learned(two), strict=True):
        setattr(other, name, getattr(part, name))
    net = nn.ModuleList([one, two])
    assert len([*net.parameters()]) == len([*one.parameters()])
    xs = example(SHAPE), example(SHAPE, 1)
    sum(weighted(part(x)) for part, x in zip(net, xs, strict=True)).backward()
    for part, x in zip(alone, xs, strict=True):
        weighted(part(x)).backward()
    for mine, *others in zip(one.parameters(), *(p.parameters() for p in alone), strict=True):
        if mine.grad is not None:
            assert_close(mine.grad, others[0].grad + others[1].grad)


@pytest.mark.works("empty batch")
@by_layer
@by_mode
@pytest.mark.parametrize("masked", [False, True], ids=["plain", "masked"])
def test_an_empty_batch(layer, training, masked):
    """As torch's layers: an empty result, gradients of zero, statistics as they were."""
    ours = layer_of(layer).train(training)
    before = copy.deepcopy([*ours.buffers()])
    x = example((0, *SHAPE[1:])).requires_grad_()
    if masked and layer.startswith(("V1", "DynamicTanh", "WeightStandardization")):
        pytest.skip("it takes no mask")
    y = ours(x, mask=torch.ones(0, *SHAPE[1:], dtype=torch.bool)) if masked else ours(x)
    assert y.shape == x.shape[:1] + y.shape[1:] and y.numel() == 0
    y.sum().backward()
    assert all(v.grad is None or not bool(v.grad.any()) for v in ours.parameters())
    all_equal(ours.buffers(), before)
