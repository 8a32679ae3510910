"""Every layer where values are not to be looked at, or where new tensors are made elsewhere than x is."""

import pytest
import torch
from configurations import CONFIGURATIONS, SHAPE, by_layer, layer_of
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from cases import example
from normlab import functional, nn
from normlab.errors import SettingError
from normlab.kernels import native

X = example(SHAPE)
MASK = torch.arange(6) < torch.tensor([6, 5, 4]).view(3, 1, 1)
BEST = native.in_use() or "off"
by_path = pytest.mark.parametrize("path", dict.fromkeys(("off", BEST)))


def called(layer, x, *more):
    y = layer(x, *more)
    return y[0] if isinstance(y, tuple) else y


@by_layer
def test_fake_tensors(layer):
    """Made and called where no tensor has values."""
    shape = called(layer_of(layer), X).shape
    with FakeTensorMode():
        made = CONFIGURATIONS[layer]()
        y = called(made, torch.randn(SHAPE))
    assert y.shape == shape


def test_a_first_sigma_that_is_fake():
    with FakeTensorMode():
        assert nn.DivisiveNorm(2, sigma=torch.ones(2))(torch.ones(3, 2)).shape == (3, 2)


@by_layer
@pytest.mark.parametrize(
    ("path", "mode"), dict.fromkeys([("off", "real"), (BEST, "real"), (BEST, "fake")])
)
def test_make_fx(layer, path, mode):
    """Parameters and statistics are inputs; what was written down computes the same, of other values too."""
    module = layer_of(layer)
    held = dict(module.named_parameters()) | dict(module.named_buffers())
    held = {name: value.detach().clone() for name, value in held.items()}

    def function(held, x):
        return called(lambda x: torch.func.functional_call(module, held, (x,)), x)

    def fresh():
        return {name: value.clone() for name, value in held.items()}

    with native.forced(path):
        graph = make_fx(function, tracing_mode=mode)(fresh(), X)
        for x in (X, example(SHAPE, 9)):
            torch.testing.assert_close(graph(fresh(), x), function(fresh(), x))
    assert "normlab" not in graph.code


@by_layer
def test_another_default_device(layer):
    """x and the layer are on the CPU; what the calls make must be there as well."""
    module, x = layer_of(layer), X.clone().requires_grad_()
    expected = called(layer_of(layer), X)
    with torch.device("meta"):
        y = called(module, x)
        y.sum().backward()
    torch.testing.assert_close(y, expected)
    assert x.grad is not None and bool(x.grad.isfinite().all())


LONG = {
    "table": lambda: example((300, 4)),
    "table, large mean": lambda: example((300, 4)) + 1e3,
    "channels_last": lambda: example((4, 4, 12, 10)).to(memory_format=torch.channels_last),
    "channels_last, large mean": lambda: (example((4, 4, 12, 10)) + 1e3).to(
        memory_format=torch.channels_last
    ),
    "images": lambda: example((8, 4, 40, 40)),
    "one large mean": lambda: example((8, 4, 40, 40)) + 1e5,
}
by_long = pytest.mark.parametrize("make", LONG.values(), ids=LONG)


def tall_calls(x):
    """The norms of x whose statistics are looked at, by name."""
    held, own = (torch.zeros(4), torch.ones(4)), (torch.ones(4), torch.zeros(4))
    calls = {
        "batch_norm": lambda: functional.batch_norm(x, *held, *own, True),
        "batch_norm_with_stats": lambda: functional.batch_norm_with_stats(x, *held, *own)[0],
        "group_norm": lambda: functional.group_norm(x, 2, *own),
        "layer_norm": lambda: functional.layer_norm(x, x.shape[-1:]),
        "rms_norm": lambda: functional.rms_norm(x, x.shape[-1:]),
    }
    if x.dim() > 2:
        calls["instance_norm"] = lambda: functional.instance_norm(x, *held, *own)
    for make in (nn.BatchNorm, lambda c: nn.GroupNorm(2, c), lambda c: nn.BatchNorm(c).eval()):
        layer = make(4)
        calls[f"{layer}"] = lambda layer=layer: layer(x)
    return calls


@by_long
@by_path
def test_long_columns_under_another_default_device(make, path):
    x = make().float()
    with native.forced(path):
        for name, call in tall_calls(x).items():
            expected = tall_calls(x)[name]()
            with torch.device("meta"):
                y = call()
            torch.testing.assert_close(y, expected)


@by_long
@by_path
def test_real_tensors_among_fake_ones(make, path):
    """What is computed is fake, and cannot be looked at."""
    x = make().float()
    with native.forced(path):
        for name, call in tall_calls(x).items():
            with FakeTensorMode(allow_non_fake_inputs=True):
                y = call()
            assert isinstance(y, FakeTensor) and y.shape == x.shape, name


def test_functions_with_numbers_under_another_default_device():
    x, small = X.clone(), 0.1 * X
    calls = (
        lambda: functional.gdn(x, 0.5),
        lambda: functional.gdn_inverse(small, 0.5),
        lambda: functional.divisive_norm(x, sigma=0.5, channel_width=1.0),
        lambda: functional.local_contrast_norm(x, size=3, sigma=0.5),
        lambda: functional.local_response_norm(x, 3),
    )
    for call in calls:
        expected = call()
        with torch.device("meta"):
            torch.testing.assert_close(call(), expected)


def test_values_that_are_known_are_still_looked_at():
    sigma = torch.tensor([1.0, -1.0, 1.0, 1.0]).double()
    with pytest.raises(SettingError, match="sigma=a tensor"):
        functional.gdn(X, sigma)
    graph = make_fx(lambda x, sigma: functional.gdn(x, sigma))(X, sigma.abs())
    torch.testing.assert_close(graph(X, sigma.abs()), functional.gdn(X, sigma.abs()))


@pytest.mark.parametrize("name", ["BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm"])
@by_path
@pytest.mark.parametrize("mean", [0.0, 1e6])
def test_make_fx_of_masks_and_of_large_means(name, path, mean):
    """Neither asks for values; of a large mean the program has the digits of torch's operators."""
    module, x = layer_of(name, torch.float32), (X + mean).float()
    mask = MASK.unsqueeze(1).expand(SHAPE)
    with native.forced(path):
        plain = make_fx(lambda x: module(x))(x)
        masked = make_fx(lambda x, mask: module(x, mask))(x, mask)
    limit = 1e-5 if mean == 0 else torch.inf
    for y, expected in ((plain(x), module(x)), (masked(x, mask), module(x, mask))):
        assert bool(((y - expected).abs() <= limit).all())
