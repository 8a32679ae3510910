"""torch's own samples of the six functions and layers it has too: values, gradients and statistics agree."""

from functools import partial

import pytest
import torch

from cases import weighted
from normlab import functional, nn
from normlab.errors import SettingError

NAMES = (
    "batch_norm",
    "layer_norm",
    "group_norm",
    "instance_norm",
    "rms_norm",
    "local_response_norm",
)
LAYERS = {
    **{f"BatchNorm{rank}d": nn.BatchNorm for rank in (1, 2, 3)},
    **{f"InstanceNorm{rank}d": partial(nn.InstanceNorm, spatial_dims=rank) for rank in (1, 2, 3)},
    "GroupNorm": nn.GroupNorm,
    "LayerNorm": nn.LayerNorm,
    "RMSNorm": nn.RMSNorm,
    "LocalResponseNorm": nn.LocalResponseNorm,
}
by_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def operator(name):
    """From torch's list, which takes seconds to import: only the process that runs these tests needs it."""
    from torch.testing._internal.common_methods_invocations import op_db

    return next(info for info in op_db if info.name == f"nn.functional.{name}")


def copied(value):
    """Tensors of one's own: some samples are changed in place."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().clone().requires_grad_(value.requires_grad)


def outcome(function, sample):
    args = [copied(value) for value in (sample.input, *sample.args)]
    named = {name: copied(value) for name, value in sample.kwargs.items()}
    y = function(*args, **named)
    tensors = [a for a in (*args, *named.values()) if isinstance(a, torch.Tensor)]
    wanted = [a for a in tensors if a.requires_grad]
    grads = torch.autograd.grad(weighted(y), wanted, allow_unused=True) if y.numel() else []
    return [y, *grads, *tensors]


@by_dtype
@pytest.mark.parametrize("name", NAMES)
def test_functions(name, dtype):
    info = operator(name)
    samples = list(info.sample_inputs("cpu", dtype, requires_grad=True))
    assert samples
    for sample in samples:
        if (
            sample.kwargs.get("eps") is not None and sample.kwargs["eps"] < 0
        ):  # torch's NaN is refused
            with pytest.raises(SettingError, match="eps"):
                outcome(getattr(functional, name), sample)
            continue
        ours = outcome(getattr(functional, name), sample)
        theirs = outcome(info.op, sample)
        torch.testing.assert_close(ours, theirs, equal_nan=True)


def made(layer, given, training):
    """A layer with parameters that differ everywhere."""
    layer = layer(*given.args, **given.kwargs).train(training)
    for number, value in enumerate(layer.state_dict().values()):
        if value.is_floating_point():
            value.copy_(torch.linspace(0.5, 1.5 + number, value.numel()).view(value.shape))
    return layer


@by_dtype
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(("name", "ours"), LAYERS.items(), ids=LAYERS)
def test_layers(name, ours, training, dtype):
    from torch.testing._internal.common_modules import module_db

    info = next(info for info in module_db if info.name == f"nn.{name}")
    kind = {"device": "cpu", "dtype": dtype, "requires_grad": True, "training": training}
    samples = list(info.module_inputs_func(info, **kind))
    assert samples
    for sample in samples:
        mine, other = (
            made(layer, sample.constructor_input, training).to(dtype)
            for layer in (ours, info.module_cls)
        )
        found = [run(layer, sample.forward_input) for layer in (mine, other)]
        torch.testing.assert_close(*found, equal_nan=True)
        mine, other = (dict(layer.named_buffers()) for layer in (mine, other))
        if not found[0][0].numel():  # an empty batch is none: torch counts it
            mine, other = (
                {k: v for k, v in d.items() if "tracked" not in k} for d in (mine, other)
            )
        torch.testing.assert_close(mine, other)


def run(layer, given):
    x = copied(given.args[0])
    y = layer(x)
    wanted = [x, *layer.parameters()]
    return [y, *torch.autograd.grad(weighted(y), wanted, allow_unused=True)]
