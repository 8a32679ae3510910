"""Settings are checked when a layer is made and a function called, and dtypes that torch does not mix."""

import math

import pytest
import torch

from cases import exact
from normlab import functional, nn
from normlab.errors import DtypeError, NormlabError, SettingError

X = torch.randn(4, 4, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
WITH_EPS = {
    "BatchNorm": lambda eps: nn.BatchNorm(4, eps=eps),
    "GroupNorm": lambda eps: nn.GroupNorm(2, 4, eps=eps),
    "InstanceNorm": lambda eps: nn.InstanceNorm(4, eps=eps),
    "LayerNorm": lambda eps: nn.LayerNorm(5, eps=eps),
    "LayerNorm2d": lambda eps: nn.LayerNorm2d(4, eps=eps),
    "GhostBatchNorm": lambda eps: nn.beyond.GhostBatchNorm(4, eps=eps),
    "FrozenBatchNorm": lambda eps: nn.beyond.FrozenBatchNorm(4, eps=eps),
    "BatchRenorm": lambda eps: nn.beyond.BatchRenorm(4, eps=eps),
    "FilterResponseNorm": lambda eps: nn.beyond.FilterResponseNorm(4, eps=eps),
    "GlobalResponseNorm": lambda eps: nn.beyond.GlobalResponseNorm(4, eps=eps),
    "PositionalNorm": lambda eps: nn.beyond.PositionalNorm(4, eps=eps),
    "ScaleNorm": lambda eps: nn.beyond.ScaleNorm(5, eps=eps),
    "WeightStandardization": lambda eps: nn.beyond.WeightStandardization(eps),
}


@pytest.mark.parametrize(("name", "make"), WITH_EPS.items(), ids=WITH_EPS)
@pytest.mark.parametrize("eps", [-1.0, -1e-3, math.nan, math.inf])
def test_no_layer_takes_an_eps_outside_its_domain(name, make, eps):
    message = f"{name}: eps={eps} given, but it must be finite and >= 0."
    with pytest.raises(SettingError, match=exact(message)):
        make(eps)


FUNCTIONS = {
    "batch_norm": lambda eps: functional.batch_norm(X, None, None, training=True, eps=eps),
    "layer_norm": lambda eps: functional.layer_norm(X, (5,), eps=eps),
    "group_norm": lambda eps: functional.group_norm(X, 2, eps=eps),
    "instance_norm": lambda eps: functional.instance_norm(X, eps=eps),
    "rms_norm": lambda eps: functional.rms_norm(X, (5,), eps=eps),
}


@pytest.mark.parametrize(("name", "function"), FUNCTIONS.items(), ids=FUNCTIONS)
@pytest.mark.parametrize("eps", [-1.0, -1e-3, math.nan, math.inf])
def test_no_function_takes_an_eps_outside_its_domain(name, function, eps):
    with pytest.raises(SettingError, match=f"^{name}: eps={eps} given, but it must be finite"):
        function(eps)


def test_a_layer_whose_eps_was_changed():
    for layer in (nn.LayerNorm(5), nn.GroupNorm(2, 4), nn.InstanceNorm(4), nn.BatchNorm(4)):
        layer.double().eps = -1.0
        with pytest.raises(SettingError, match=r"eps=-1\.0 given, but it must be"):
            layer(X)


SETTINGS = {
    "RMSNorm: eps=-1.0": lambda: nn.RMSNorm(5, eps=-1.0),
    "GDN: sigma=-1": lambda: nn.GDN(8, sigma=-1),
    "GDN: pool=-0.5": lambda: nn.GDN(8, pool=-0.5),
    "GDN: sigma=nan": lambda: nn.GDN(8, simplified=True, sigma=math.nan),
    "LocalResponseNorm: size=0": lambda: nn.LocalResponseNorm(0),
    "LocalResponseNorm: alpha=-1.0": lambda: nn.LocalResponseNorm(3, alpha=-1.0),
    "LocalResponseNorm: beta=0.0": lambda: nn.LocalResponseNorm(3, beta=0.0),
    "LocalResponseNorm: k=-1.0": lambda: nn.LocalResponseNorm(3, k=-1.0),
    "LocalContrastNorm: sigma=-1.0": lambda: nn.LocalContrastNorm(4, sigma=-1.0),
    "LocalContrastNorm: size=0": lambda: nn.LocalContrastNorm(4, size=0),
    "LocalContrastNorm: width=0.0": lambda: nn.LocalContrastNorm(4, width=0.0),
    "LocalContrastNorm: window=disk": lambda: nn.LocalContrastNorm(4, window="disk"),
    "V1Block: semisaturation=-0.1": lambda: nn.V1Block(semisaturation=-0.1),
    "V1Block: pool_cycles=0.0": lambda: nn.V1Block(pool_cycles=0.0),
    "V1Block: exponent=-2.0": lambda: nn.V1Block(exponent=-2.0),
    "DivisiveNorm: sigma=-1.0": lambda: nn.DivisiveNorm(4, sigma=-1.0),
    "DivisiveNorm: power=0.0": lambda: nn.DivisiveNorm(4, power=0.0),
    "DivisiveNorm: drive_power=-1.0": lambda: nn.DivisiveNorm(4, drive_power=-1.0),
    "DivisiveNorm: outer_power=-1.0": lambda: nn.DivisiveNorm(4, outer_power=-1.0),
    "DivisiveNorm: size=0": lambda: nn.DivisiveNorm(4, size=0),
    "DivisiveNorm: width=-1.0": lambda: nn.DivisiveNorm(4, width=-1.0),
    "DivisiveNorm: window='disk'": lambda: nn.DivisiveNorm(4, size=3, window="disk"),
    "DivisiveNorm: reduce='max'": lambda: nn.DivisiveNorm(4, reduce="max"),
    "DivisiveNorm: over='x'": lambda: nn.DivisiveNorm(4, over="x"),
    "DivisiveNorm: channel_size=0": lambda: nn.DivisiveNorm(4, channel_size=0),
    "DivisiveNorm: channel_width=0.0": lambda: nn.DivisiveNorm(4, channel_width=0.0),
}


@pytest.mark.parametrize(("words", "make"), SETTINGS.items(), ids=SETTINGS)
def test_a_setting_is_refused_by_layer_and_argument(words, make):
    with pytest.raises(SettingError, match=f"^{words} given, but it must "):
        make()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("eps", [-1.0, -1e-3, math.nan])
def test_functions_refuse_a_negative_eps_where_torch_does(training, eps):
    """torch raises for batch norm alone; its own samples give the others an eps of −0.5."""
    held = torch.zeros(4).double(), torch.ones(4).double()
    message = f"batch_norm: eps={eps} given, but it must be finite and >= 0."
    with pytest.raises(SettingError, match=exact(message)):
        functional.batch_norm(X, *held, training=training, eps=eps)
    with pytest.raises(SettingError, match=f"^batch_norm_with_stats: eps={eps} given"):
        functional.batch_norm_with_stats(X, *held, training=training, eps=eps)
    assert bool((held[0] == 0).all())


def test_an_eps_set_later_is_seen_when_the_layer_is_called():
    layer = nn.BatchNorm(4, dtype=torch.float64)
    layer.eps = -1e-3
    with pytest.raises(SettingError, match=r"^BatchNorm\(num_features=4\): eps=-0.001 given"):
        layer(X)


MIXED = {
    "batch": lambda: nn.BatchNorm(4),
    "batch, averaging": lambda: nn.BatchNorm(4, momentum=None),
    "batch, evaluation": lambda: nn.BatchNorm(4).eval(),
    "instance": lambda: nn.InstanceNorm(4, affine=True),
    "instance, tracked": lambda: nn.InstanceNorm(4, track_running_stats=True),
    "instance, tracked, evaluation": lambda: nn.InstanceNorm(4, track_running_stats=True).eval(),
    "group": lambda: nn.GroupNorm(2, 4),
    "layer": lambda: nn.LayerNorm(5),
    "channels of a place": lambda: nn.LayerNorm2d(4),
    "ghost": lambda: nn.beyond.GhostBatchNorm(4, 2),
    "frozen": lambda: nn.beyond.FrozenBatchNorm(4),
}
by_mixed = pytest.mark.parametrize("make", MIXED.values(), ids=MIXED)


@by_mixed
@pytest.mark.parametrize("masked", [False, True])
def test_float64_for_a_float32_layer_is_refused_in_words(make, masked):
    mask = torch.ones(4, 1, 1, 1, dtype=torch.bool) if masked else None
    message = (
        "x is float64, weights or statistics are float32; give both in one dtype, for example "
        "x.to(torch.float32). (With float32 weights x may also be half.)"
    )
    with pytest.raises(DtypeError, match=f": {exact(message)[1:]}"):
        make()(X, mask)


@by_mixed
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_types_for_a_float32_layer_are_computed_in_float32(make, dtype):
    x = X.to(dtype)
    y, exact_y = make()(x), make().double()(x.double())
    assert y.dtype == dtype
    assert (y.double() - exact_y).abs().max() <= torch.finfo(dtype).eps * exact_y.abs().max()


WIDER = {
    "rms": lambda: nn.RMSNorm(5, eps=1e-5),
    "local response": lambda: nn.LocalResponseNorm(3),
    "local contrast": lambda: nn.LocalContrastNorm(4, size=3),
    "gdn": lambda: nn.GDN(4),
    "divisive": lambda: nn.DivisiveNorm(4),
    "filter response": lambda: nn.beyond.FilterResponseNorm(4),
    "renorm": lambda: nn.beyond.BatchRenorm(4),
    "scale": lambda: nn.beyond.ScaleNorm(5),
}


@pytest.mark.parametrize("make", WIDER.values(), ids=WIDER)
def test_other_layers_compute_in_the_wider_dtype(make):
    y = make()(X)
    assert y.dtype == torch.float64
    torch.testing.assert_close(y, make().double()(X), rtol=1e-6, atol=1e-6)


FUNCTIONS = {
    "batch_norm": lambda x, w: functional.batch_norm(x, None, None, w, training=True),
    "layer_norm": lambda x, w: functional.layer_norm(x, (5,), torch.ones(5)),
    "group_norm": lambda x, w: functional.group_norm(x, 2, w),
    "instance_norm": lambda x, w: functional.instance_norm(x, weight=w),
}


@pytest.mark.parametrize(("name", "call"), FUNCTIONS.items(), ids=FUNCTIONS)
def test_functions_say_it_by_their_own_name(name, call):
    with pytest.raises(
        DtypeError, match=f"^{name}: x is float64, weights or statistics are float32;"
    ):
        call(X, torch.ones(4))
    with pytest.raises(DtypeError, match=f"^{name}: x is int64; give a floating-point tensor"):
        call(X.long(), torch.ones(4))
    with pytest.raises(DtypeError, match=f"^{name}: x is list; give a floating-point tensor"):
        call(X.tolist(), torch.ones(4))
    with pytest.raises(
        DtypeError, match=f"^{name}: x is float8_e5m2; give a floating-point tensor"
    ):
        call(X.to(torch.float8_e5m2), torch.ones(4))
    assert issubclass(DtypeError, NormlabError)
