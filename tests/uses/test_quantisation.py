"""torch.ao's tools: batch norms are folded into convolutions, everything else stays in float."""

import copy

import pytest
import torch
from configurations import SHAPE, C, by_layer, layer_of
from torch import nn
from torch.ao import quantization as ao

import normlab
from cases import assert_close, example
from normlab.errors import DtypeError, SettingError
from normlab.nn import fuse_custom_config

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*:UserWarning:torch.ao"),
]
FOLDED = ("BatchNorm", "BatchNorm, cumulative", "BatchNorm, not affine")
QAT_ABLE = FOLDED[:2]  # torch's own refuses a batch norm that is not affine


def network(layer, conv=nn.Conv2d, dtype=torch.float32):
    return nn.Sequential(conv(C, C, 3), layer_of(layer, dtype), nn.ReLU()).to(dtype)


def trained(net, x):
    for _ in range(3):
        net(x)
    return net


@pytest.mark.works("fuse", *FOLDED)
@pytest.mark.parametrize("layer", FOLDED)
@pytest.mark.parametrize("names", [["0", "1"], ["0", "1", "2"]], ids=["conv", "conv and relu"])
@pytest.mark.parametrize("conv", [nn.Conv1d, nn.Conv2d, nn.Conv3d])
def test_batch_norm_is_folded(layer, conv, names):
    x = example((5, C, 6, 6, 6)[: 2 + int(conv.__name__[4])])
    net = trained(network(layer, conv, torch.float64), x).eval()
    folded = ao.fuse_modules(net, [names], fuse_custom_config_dict=fuse_custom_config())
    assert isinstance(folded[1], nn.Identity)
    assert_close(folded(x), net(x))
    assert isinstance(net[1], normlab.nn.BatchNorm)


@pytest.mark.parametrize("before", [nn.Linear, nn.ConvTranspose2d])
def test_other_modules_before_a_batch_norm(before):
    sizes, shape = ((C, C), (5, C)) if before is nn.Linear else ((C, C, 3), (5, C, 6, 6))
    net = trained(nn.Sequential(before(*sizes), normlab.nn.BatchNorm(C)).double(), example(shape))
    folded = ao.fuse_modules(net.eval(), [["0", "1"]], fuse_custom_config_dict=fuse_custom_config())
    assert isinstance(folded[1], nn.Identity)
    assert_close(folded(example(shape)), net(example(shape)))


def test_what_cannot_be_folded_is_refused():
    config = {"fuse_custom_config_dict": fuse_custom_config()}
    with pytest.raises(SettingError, match="has no running statistics"):
        ao.fuse_modules(network("BatchNorm, no statistics").eval(), [["0", "1"]], **config)
    net = normlab.nn.synchronize(network("BatchNorm"))
    with pytest.raises(SettingError, match="desynchronize"):
        ao.fuse_modules_qat(net, [["0", "1"]], **config)


@pytest.mark.works("QAT", *QAT_ABLE)
@pytest.mark.parametrize("layer", QAT_ABLE)
def test_training_for_quantisation(layer):
    """Prepared it learns, with the statistics of the batch norm it came from; converted it is close."""
    net = trained(network(layer), example(SHAPE).float())
    statistics = copy.deepcopy(net[1].running_mean)
    net.qconfig = ao.get_default_qat_qconfig("x86")
    fused = ao.fuse_modules_qat(
        net.train(), [["0", "1", "2"]], fuse_custom_config_dict=fuse_custom_config()
    )
    fused = nn.Sequential(ao.QuantStub(fused.qconfig), *fused, ao.DeQuantStub())
    fused.qconfig = net.qconfig
    ready = ao.prepare_qat(fused)
    assert torch.equal(ready[1].bn.running_mean, statistics)
    for seed in range(4):
        ready(example(SHAPE, seed).float()).square().sum().backward()
    assert ready[1].bn.weight.grad is not None and not torch.equal(
        ready[1].bn.running_mean, statistics
    )
    x = example(SHAPE).float()
    expected = ready.eval()(x)
    assert (ao.convert(ready)(x) - expected).abs().max() <= 0.1 * expected.abs().max()


@pytest.mark.works("quantise")
@by_layer
def test_the_layer_stays_in_float(layer):
    """Dynamic quantisation touches its neighbours alone; so does static, with the stubs around it."""
    net = nn.Sequential(nn.Linear(SHAPE[3], SHAPE[3]), layer_of(layer, torch.float32)).eval()
    dynamic = ao.quantize_dynamic(net, {nn.Linear}, torch.qint8)
    y = dynamic(example(SHAPE).float())
    assert torch.equal(y, net[1](dynamic[0](example(SHAPE).float())))
    static = nn.Sequential(
        ao.QuantStub(), nn.Conv2d(C, C, 1), ao.DeQuantStub(), copy.deepcopy(net[1])
    ).eval()
    static[:3].qconfig = ao.get_default_qconfig("x86")
    for part in static[:3]:
        part.qconfig = ao.get_default_qconfig("x86")
    ready = ao.prepare(static)
    ready(example(SHAPE).float())
    done = ao.convert(ready)
    x = done[:3](example(SHAPE).float())
    assert torch.equal(done[3](x), net[1](x))


@pytest.mark.parametrize(
    "layer", [normlab.nn.BatchNorm(C), normlab.nn.GDN(C), normlab.nn.LayerNorm(6)]
)
def test_quantised_input_is_refused_in_words(layer):
    x = torch.quantize_per_tensor(example(SHAPE).float(), 0.1, 0, torch.qint8)
    with pytest.raises(DtypeError, match=r"give a floating-point tensor"):
        layer.eval()(x)
