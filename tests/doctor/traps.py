"""Where tools that recalibrate, fold, freeze or synchronise go wrong: each trap with what is right.

A trap makes a model and data; each tool works on a copy. `off` then measures how far the result is from what
is right: 0 is right; an error that leaves the model as it was is said, not wrong.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from folding_cases import trained
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

import normlab
from normlab import doctor
from normlab.recalibration.recalibrate import frozen

Tool = Callable[[nn.Module, list[Any]], nn.Module]


@dataclass(frozen=True)
class Trap:
    """tools: by their names, whom it is fair to ask; off: from the model, the result and the data."""

    name: str
    make: Callable[[], nn.Module]
    data: Callable[[], list[Any]]
    tools: dict[str, Tool]
    off: Callable[[nn.Module, nn.Module, list[Any]], float]


@dataclass(frozen=True)
class Outcome:
    """off: how far from right; NaN where the tool raised. left: whether the model was then as before."""

    off: float
    raised: str = ""
    left: bool = True

    @property
    def right(self) -> bool:
        """Right, or refused in words of our own with nothing changed."""
        return self.off <= 1e-4 or (self.raised == "DataError" and self.left)

    def __str__(self) -> str:
        if self.raised:
            return self.raised + ("" if self.left else ", model changed")
        return "right" if self.off <= 1e-4 else f"off by {self.off:.3g}"


def tried(trap: Trap, tool: Tool) -> Outcome:
    model, data = trap.make(), trap.data()
    given = copy.deepcopy(model)
    try:
        off = trap.off(model, tool(given, data), data)
    except ImportError:
        raise
    except Exception as error:
        return Outcome(torch.nan, type(error).__name__, _same(model, given))
    return Outcome(off)


def _same(model: nn.Module, other: nn.Module) -> bool:
    pairs = zip(model.modules(), other.modules(), strict=True)
    settings = [
        (a.training, getattr(a, "momentum", 0)) == (b.training, getattr(b, "momentum", 0))
        for a, b in pairs
    ]
    states = zip(model.state_dict().values(), other.state_dict().values(), strict=True)
    return all(settings) and all(torch.equal(a, b) for a, b in states)


# tools that recalibrate


def by_update_bn(model: nn.Module, data: list[Any]) -> nn.Module:
    update_bn(data, model)
    return model


def by_fvcore(model: nn.Module, data: list[Any]) -> nn.Module:
    from fvcore.nn.precise_bn import update_bn_stats

    modes = [(part, part.training) for part in model.modules()]
    if not norm_of(model).training and not frozen(model, norm_of(model)):
        model.train()  # it touches no other layers
    update_bn_stats(model, data, max(len(data), 1))
    for part, mode in modes:
        part.training = mode
    return model


def by_us(model: nn.Module, data: list[Any]) -> nn.Module:
    return doctor.recalibrate(model, data).model


RECALIBRATE: dict[str, Tool] = {
    "swa_utils.update_bn": by_update_bn,
    "fvcore.update_bn_stats": by_fvcore,
    "normlab": by_us,
}


def inputs(*sizes: int, sorted_by_mean: bool = False) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shift = 5.0 if sorted_by_mean else 0.0
    drawn = (torch.randn(size, 3, generator=generator) for size in sizes)
    return [1 + x + shift * number for number, x in enumerate(drawn)]


def net(*more: nn.Module) -> nn.Module:
    return trained(nn.Sequential(*(more or (nn.Linear(3, 3),)), nn.BatchNorm1d(3)))


def norm_of(model: nn.Module) -> Any:
    kinds = (nn.modules.batchnorm._NormBase,)
    return [part for part in model.modules() if isinstance(part, kinds)][-1]


def from_pooled(model: nn.Module, result: nn.Module, data: list[Any]) -> float:
    """How far the last norm's variance is from that of all its input in eval(), relative."""
    seen = []
    norm = norm_of(model)
    handle = norm.register_forward_pre_hook(lambda _, args: seen.append(args[0].double()))
    with torch.no_grad():
        for batch in data:
            model.eval()(**batch) if isinstance(batch, dict) else model.eval()(batch)
    handle.remove()
    x = torch.cat(seen)
    wanted = x.transpose(0, 1).flatten(1).var(1)
    return float((norm_of(result).running_var.double() / wanted - 1).abs().max())


def from_before(model: nn.Module, result: nn.Module, data: list[Any]) -> float:
    a, b = norm_of(model), norm_of(result)
    moved = (a.running_mean - b.running_mean).abs().max() + (
        a.running_var - b.running_var
    ).abs().max()
    return float(moved) + float(a.training != b.training)


def with_frozen() -> nn.Module:
    model = nn.Sequential(nn.BatchNorm1d(3), *net()).train()
    model[-1].requires_grad_(False)
    model[-1].eval()
    return model


class Failing(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = trained(nn.BatchNorm1d(3))

    def forward(self, x: Tensor) -> Tensor:
        if len(x) == 4:
            raise RuntimeError("the second batch is another kind")
        return self.norm(x)


class Keywords(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = trained(nn.BatchNorm1d(3))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.norm(pixels)


def instance() -> nn.Module:
    return trained(nn.Sequential(nn.InstanceNorm1d(3, track_running_stats=True)))


def from_samples(model: nn.Module, result: nn.Module, data: list[Any]) -> float:
    wanted = torch.cat(data).double().var(2).mean(0)
    return float((norm_of(result).running_var.double() / wanted - 1).abs().max())


# tools that fold


def by_fuse(model: nn.Module, data: list[Any]) -> nn.Module:
    from torch.fx.experimental.optimization import fuse

    return fuse(model)


def by_fusion(model: nn.Module, data: list[Any]) -> nn.Module:
    """The pair that follows one another, as the documentation of torch.nn.utils.fusion has it."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

    one, norm = model[0], model[1]
    if isinstance(one, nn.Linear):
        return fuse_linear_bn_eval(one, norm)
    return fuse_conv_bn_eval(one, norm, isinstance(one, nn.modules.conv._ConvTransposeNd))


def by_our_fold(model: nn.Module, data: list[Any]) -> nn.Module:
    return doctor.fold(model, data).model


FOLD: dict[str, Tool] = {"fx fuse": by_fuse, "normlab": by_our_fold}
PAIR: dict[str, Tool] = {"fx fuse": by_fuse, "utils.fusion": by_fusion, "normlab": by_our_fold}


class NotFolded(Exception):  # noqa: N818
    """The norm was left as it was."""


def outputs(model: nn.Module, result: nn.Module, data: list[Any]) -> float:
    a, b = model.eval()(data[0]), result.eval()(data[0])
    return float((a - b).norm() / a.norm())


def folded_too(model: nn.Module, result: nn.Module, data: list[Any]) -> float:
    """The outputs, where the norm is gone."""
    if any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in result.modules()):
        raise NotFolded
    return outputs(model, result, data)


class Reused(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.norm(self.conv(x)))


def pair(one: nn.Module, norm: nn.Module) -> Callable[[], nn.Module]:
    return lambda: trained(nn.Sequential(copy.deepcopy(one), copy.deepcopy(norm)))


def images(channels: int = 3) -> Callable[[], list[Tensor]]:
    return lambda: [torch.randn(4, channels, 5, 5, generator=torch.Generator().manual_seed(0))]


# tools that freeze, and that synchronise


def by_requires_grad(model: nn.Module, data: list[Any]) -> nn.Module:
    for part in model.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.requires_grad_(False)
            part.eval()
    return model


def by_timm(model: nn.Module, data: list[Any]) -> nn.Module:
    from timm.utils.model import freeze_batch_norm_2d

    return freeze_batch_norm_2d(model)


FREEZE: dict[str, Tool] = {
    "requires_grad_(False).eval()": by_requires_grad,
    "timm freeze_batch_norm_2d": by_timm,
    "normlab": lambda model, data: doctor.freeze(model).model,
}


def after_training(model: nn.Module, result: nn.Module, data: list[Any]) -> float:
    """How far statistics move in one forward pass in train(), of a copy."""
    moving = copy.deepcopy(result).train()
    kept = [value.clone() for value in moving.buffers()]
    moving(data[0])
    return max(float((a - b).abs().max()) for a, b in zip(kept, moving.buffers(), strict=True))


def by_torch_sync(model: nn.Module, data: list[Any]) -> nn.Module:
    return nn.SyncBatchNorm.convert_sync_batchnorm(model)


SYNC: dict[str, Tool] = {
    "convert_sync_batchnorm": by_torch_sync,
    "normlab": lambda model, data: normlab.convert(model, to="sync"),
}


class Two(nn.Module):
    """One norm under two names, and again in another module."""

    def __init__(self):
        super().__init__()
        self.first = self.second = nn.BatchNorm1d(3)
        self.other = nn.ModuleDict({"norm": self.first})
        self.first.register_forward_hook(lambda *_: None)


def apart(model: nn.Module, result: Any, data: list[Any]) -> float:
    """In how many places it is another object, or has lost its hook."""
    found = [result.first, result.second, result.other["norm"]]
    lost = sum(not part._forward_hooks for part in found)
    return float(len(set(found)) - 1 + lost)


TRAPS = [
    Trap("an empty loader", net, list, RECALIBRATE, from_before),
    Trap("a frozen layer", with_frozen, lambda: inputs(8, 8), RECALIBRATE, from_before),
    Trap(
        "dropout before the norm",
        lambda: net(nn.Linear(3, 3), nn.Dropout(0.5)),
        lambda: inputs(*[256] * 8),
        RECALIBRATE,
        from_pooled,
    ),
    Trap("an error half-way", Failing, lambda: inputs(8, 4), RECALIBRATE, from_before),
    Trap(
        "batches that are mappings",
        Keywords,
        lambda: [{"pixels": x} for x in inputs(8, 8)],
        RECALIBRATE,
        from_pooled,
    ),
    Trap("a short last batch", net, lambda: inputs(32, 32, 3), RECALIBRATE, from_pooled),
    Trap(
        "data in an order",
        net,
        lambda: inputs(*[16] * 6, sorted_by_mean=True),
        RECALIBRATE,
        from_pooled,
    ),
    Trap(
        "a tracked instance norm",
        instance,
        lambda: [torch.randn(4, 3, 9) * 3, torch.randn(2, 3, 9)],
        RECALIBRATE,
        from_samples,
    ),
    Trap("a convolution used twice", lambda: trained(Reused()), images(), FOLD, outputs),
    Trap(
        "linear on (N, C, L), as many outputs as channels",
        pair(nn.Linear(5, 3), nn.BatchNorm1d(3)),
        lambda: [torch.randn(4, 3, 5).sort(1).values],
        PAIR,
        outputs,
    ),
    Trap(
        "linear, norm without affine",
        pair(nn.Linear(3, 4), nn.BatchNorm1d(4, affine=False)),
        lambda: inputs(8),
        PAIR,
        folded_too,
    ),
    Trap(
        "linear, norm without bias",
        pair(nn.Linear(3, 4), nn.BatchNorm1d(4, bias=False)),
        lambda: inputs(8),
        PAIR,
        folded_too,
    ),
    Trap(
        "a transposed convolution",
        pair(nn.ConvTranspose2d(3, 4, 2), nn.BatchNorm2d(4)),
        images(),
        PAIR,
        folded_too,
    ),
    Trap(
        "a transposed convolution in groups",
        pair(nn.ConvTranspose2d(4, 6, 2, groups=2), nn.BatchNorm2d(6)),
        images(4),
        PAIR,
        folded_too,
    ),
    Trap(
        "a synchronised norm",
        pair(nn.Conv2d(3, 4, 1), nn.SyncBatchNorm(4)),
        images(),
        PAIR,
        folded_too,
    ),
    Trap("frozen, then train(): 1d", net, lambda: inputs(8), FREEZE, after_training),
    Trap(
        "frozen, then train(): 2d",
        pair(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)),
        images(),
        FREEZE,
        after_training,
    ),
    Trap("one norm at three places, hooked", Two, list, SYNC, apart),
]
