"""What is done to the normalised values: weight, bias, a constant factor."""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from normlab.equation.spellings import BIAS, WEIGHT
from normlab.recognition.copies import held_by
from normlab.recognition.steps import After, after

_NEAR, _FAR = (
    1e-6,
    1e-4,
)  # a factor other than 1 is believed where it is this near and 1 is this far


@dataclass(frozen=True)
class Affine:
    """y = step(factor · (offset + weight) · n + bias), weight and bias by the names the module gives them."""

    weight: str | None = None
    bias: str | None = None
    offset: float = 0.0
    factor: float = 1.0
    step: After | None = None

    def applied(self, n: Tensor, module: nn.Module) -> Tensor:
        """n: (places, features), with the numbers and the children of the module."""
        held = held_by(module)
        if self.weight is not None:
            n = n * (self.factor * (self.offset + held[self.weight].flatten()))
        elif self.factor != 1.0:
            n = n * self.factor
        n = n if self.bias is None else n + held[self.bias].flatten()
        return n if self.step is None else self.step.function(module)(n)


def fitted(module: nn.Module, n: Tensor, y: Tensor, named: bool) -> Affine:
    """The weight and bias that bring n (places, features) nearest to y, out of what the module holds.

    named: what the module calls its weight or bias is that, and to leave it out is a mistake.
    """
    d = n - n.mean(0)
    slope = (d * (y - y.mean(0))).sum(0) / d.square().sum(0)
    held: dict[str | None, Tensor] = {**_fitting(module, n.shape[1])}
    weight, bias = usual(module, n.shape[1]) if named else (None, None)
    nothing: dict[str | None, Tensor] = {None: slope.new_zeros(1)}
    weights: dict[str | None, Tensor] = nothing | held
    if weight:
        only: dict[str | None, Tensor] = {weight: held[weight]}
        weights = only
    found = _scaled(module, slope, weights) or _weight(slope, weights)
    constant = (y - found.applied(n, module)).mean(0)
    biases = {bias: held[bias]} if bias and bias != found.weight else nothing | held
    off = {
        n: _distance(value, constant) for n, value in biases.items() if not n or n != found.weight
    }
    return replace(found, bias=min(off, key=lambda name: off[name]))


def _distance(value: Tensor, wanted: Tensor) -> float:
    return (value.flatten() - wanted).norm().item()


def _weight(slope: Tensor, held: dict[str | None, Tensor]) -> Affine:
    """No weight (None, a zero, by 1 +), a weight, or 1 + a weight: the nearest."""
    options = {
        Affine(name, offset=offset if name else 0.0): _distance(offset + value, slope)
        for name, value in held.items()
        for offset in ((0.0, 1.0) if name else (1.0,))
    }
    return min(options, key=lambda one: options[one])


def _scaled(module: nn.Module, slope: Tensor, held: dict[str | None, Tensor]) -> Affine | None:
    """A constant times that, where it fits to the last digit and 1 does not."""
    plain = _weight(slope, held)
    one = plain.applied(slope.new_ones(1, len(slope)), module)[0]
    size = slope.norm().item()
    if not _distance(one, slope) > _FAR * size:
        return None
    options = {
        Affine(name, factor=factor): _distance(factor * (value if name else 1.0 + value), slope)
        for name, value in held.items()
        for factor in _factors(module, len(slope))
    }
    best = min(options, key=lambda one: options[one])
    return best if options[best] < _NEAR * size else None


def _factors(module: nn.Module, features: int) -> list[float]:
    """Constants that a module may multiply by: those it holds, and √features."""
    own = [v for part in module.modules() for v in vars(part).values() if isinstance(v, float)]
    return [*(v for v in own if v > 0), features**0.5, features**-0.5]


def _fitting(module: nn.Module, features: int) -> dict[str, Tensor]:
    """What may be a weight or bias: one number for each feature, or a single one."""
    found = {n: v.detach() for n, v in held_by(module).items() if v.is_floating_point()}
    return {n: v for n, v in found.items() if v.numel() in (1, features)}


def with_steps(module: nn.Module, features: int) -> list[Affine]:
    """The affine by its usual names, with every step after it that is known."""
    weight, bias = usual(module, features)
    rest = [name for name in _fitting(module, features) if name not in (weight, bias)]
    return [
        Affine(weight, bias, offset, step=step)
        for offset in ((0.0,) if weight is None else (0.0, 1.0))
        for step in after(module, rest)
    ]


def usual(module: nn.Module, features: int) -> tuple[str | None, str | None]:
    """The weight and the bias by their usual names, of modules within it too."""
    held = _fitting(module, features)
    found = [
        next((n for word in words for n in held if n.rpartition(".")[2] == word), None)
        for words in (WEIGHT, BIAS)
    ]
    return found[0], found[1]
