"""A convolution or linear layer and the norm that it alone feeds: what both must be for numbers to move."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from normlab.doctor.case import Layer
from normlab.doctor.held import Frozen
from normlab.doctor.patient import Patient

_NEAR = 1e-10  # relative: numbers in float64 that should be equal, after sums of up to some 10⁵ products


def source_of(patient: Patient, layer: Layer) -> Any:
    """The layer that feeds a norm, or in words why nothing can be moved into it."""
    module = layer.module
    if module is None or layer.row not in ("batch", "instance"):
        return "it is no batch norm"
    if why := patient.graph.obstacle(module):
        return why
    source = patient.graph.source(module)
    assert source is not None
    return (
        _kind(source, layer)
        or _ranks(patient, source, layer)
        or _whole(patient, source)
        or _whole(patient, module, numbers=False)
        or source
    )


def _kind(source: Any, layer: Layer) -> str:
    if not isinstance(source, _ConvNd | nn.Linear):
        return f"{type(source).__name__} gives its input, not a convolution or linear layer"
    if type(source).__module__.startswith("torch.ao."):
        return f"{type(source).__name__} is quantised or prepared for it"
    made = source.out_features if isinstance(source, nn.Linear) else source.out_channels
    held = next((v.numel() for v in (layer.mean, layer.weight) if v is not None), made)
    return "" if held == made else f"it has {held} channels, what feeds it gives {made}"


def _ranks(patient: Patient, source: nn.Module, layer: Layer) -> str:
    """A linear layer makes the last dimension, most norms work on the second."""
    last = layer.found is not None and layer.found.channels == -1
    if not isinstance(source, nn.Linear):
        return "its channels are the last dimension" if last else ""
    dims = patient.dims.get(source)
    if last or dims == {2}:
        return ""
    if dims is None:
        return "without batches it is not known whether the linear layer gives (N, C) or (N, C, L)"
    return (
        f"the linear layer gives {max(dims)} dimensions: its outputs are the last, the norm's channels "
        f"the second"
    )


def _whole(patient: Patient, module: nn.Module, numbers: bool = True) -> str:
    """Hooks, and weights that something else makes or uses."""
    name = type(module).__name__
    computed = module._parameters.get("weight") is None or "parametrizations" in module._modules
    if numbers and computed:
        return f"the weight of {name} is computed (pruned, parametrised or normalised)"
    if any((module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)):
        return f"{name} has hooks, which would see other numbers"
    if "forward" in vars(module):
        return f"the forward of this {name} was replaced on the layer itself"
    own = list(module._parameters.values()) if numbers else []
    shared = [p for other in _others(patient.model, module) for p in other._parameters.values()]
    if any(p is q for p in own for q in shared if p is not None):
        return f"{name} shares its weight with another module"
    return ""


def _others(model: nn.Module, module: nn.Module) -> Iterator[nn.Module]:
    return (other for other in model.modules() if other is not module)


def per_output(source: Any, factor: Tensor) -> Tensor:
    """A factor for each output channel, in a shape that multiplies the weight.

    >>> per_output(nn.ConvTranspose1d(2, 4, 3, groups=2), torch.arange(4.0)).shape
    torch.Size([2, 2, 1])
    """
    if isinstance(source, _ConvTransposeNd):  # weight is (in, out / groups, *kernel)
        each = factor.view(source.groups, 1, -1).expand(-1, source.in_channels // source.groups, -1)
        return each.reshape(source.in_channels, -1, *[1] * (source.weight.dim() - 2))
    return factor.view(-1, *[1] * (source.weight.dim() - 1))


def affine_of(layer: Layer) -> tuple[Tensor, Tensor]:
    """a and b of what a norm does with its running statistics, a·x + b, in float64.

    a = weight / √(var + eps),   b = bias − a·mean
    """
    mean, var = layer.statistics()
    gain = torch.ones_like(var) if layer.gain is None else layer.gain
    a = gain / (var + layer.eps).sqrt()
    b = -a * mean
    return a, b if layer.bias is None else b + layer.bias.detach().double().flatten()


def same(before: nn.Module, after: nn.Module, source: Any) -> bool:
    """Whether two modules, in float64 and eval(), give the same for an input that the source takes."""
    x = _made_up(source)
    with torch.no_grad():
        one, other = (module.double().eval()(x) for module in (before, after))
    return bool((one - other).abs().max() <= _NEAR * one.abs().max().clamp_min(1e-300))


def _made_up(source: Any) -> Tensor:
    if isinstance(source, nn.Linear):
        shape = [3, source.in_features]
    else:
        reach = zip(source.kernel_size, source.dilation, strict=True)
        shape = [3, source.in_channels, *(3 + (k - 1) * d for k, d in reach)]
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    return x.to(source.weight.device)


def batch_statistics(layer: Layer) -> bool:
    """Whether the norm takes away the mean of what it is given, in training."""
    plain = isinstance(layer.module, _NormBase) and not isinstance(layer.module, Frozen)
    return plain and (layer.by_batch or layer.row == "instance")
