"""What was found of a module: everything that is needed to compute what it computes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from normlab.dtypes import computed_in
from normlab.equation.reference import Normalized, normalize
from normlab.equation.row import Norm

How = Literal["type", "numbers", "behaviour", "told"]


@dataclass(frozen=True)
class Step:
    """An elementwise step after the row: `words` name it, `module` is the module's own child, if it is one.

    parameters: names of the module's parameters that the step reads, such as a learned threshold.
    """

    words: str
    function: Callable[[Tensor], Tensor]
    module: nn.Module | None = None
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recognised:
    """A module as a row of the equation.

        y = step(factor · (offset + weight) · normalised(x) + bias)

    row, settings: as `normlab.normalize` takes them. A row beside the table (positional norm, filter
        response norm, …) is a row all the same; its name is not in `normlab.table`.
    weight, bias: the module's own parameters or buffers, or None; `gain` is factor · (offset + weight).
    offset: 1.0 where weight is stored as its difference from 1 (Gemma), else 0.0.
    factor: a constant; 1.0 nearly always, √d for an L2 norm that makes mean squares 1.
    mean, var: the running statistics, as the module holds them, or None; `frozen` says that they are
        used in training too.
    channels: the axis of x that holds the channels, 1 or −1. Rows over normalized_shape take the last
        dimensions whatever it is.
    step: the elementwise step that follows, or None.
    precision: the dtype that it computes in whatever comes in, or None where that is the input's own
        (float32 for half types).
    how: by its "type", by its "numbers", by its "behaviour" (then its numbers are not the row's), or as
        "told".
    error: relative difference to the row in float64; 0 for what is known by its type.
    """

    module: nn.Module
    row: Norm
    settings: Mapping[str, Any]
    weight: Tensor | None = None
    bias: Tensor | None = None
    offset: float = 0.0
    factor: float = 1.0
    mean: Tensor | None = None
    var: Tensor | None = None
    frozen: bool = False
    channels: int = 1
    step: Step | None = None
    precision: torch.dtype | None = None
    how: How = "type"
    error: float = 0.0
    notes: tuple[str, ...] = field(default=())

    @property
    def exact(self) -> bool:
        """Whether its numbers are the row's, but for rounding."""
        return self.how == "type" or (self.how == "numbers" and self.error < 1e-5)

    @property
    def tracks(self) -> bool:
        return self.var is not None

    @property
    def gain(self) -> Tensor | None:
        """What the normalised values are multiplied by, detached; None for 1."""
        if self.weight is None:
            plain = self.factor == 1.0 and self.offset == 0.0
            return None if plain else torch.tensor(self.factor)
        return self.factor * (self.offset + self.weight.detach())

    @property
    def words(self) -> str:
        """What it is, in words: "layer norm over the channels of each place, then ReLU"."""
        from normlab.recognition.words import words

        return words(self)

    def normalized(
        self,
        x: Tensor,
        training: bool = True,
        affine: tuple[Any, Any] | None = None,
        dtype: torch.dtype | None = None,
    ) -> Normalized:
        """The row in float64, with the module's weight and bias or those given; the step is left out.

        dtype: what the module is given where that is not x's own, which an eps of None depends on.
        """
        weight, bias = (self.weight, self.bias) if affine is None else affine
        wide = {"weight": self._gained(weight), "bias": self._flat(bias)}
        if self.tracks and (self.frozen or not training):
            wide["statistics"] = (self._flat(self.mean), self._flat(self.var))
        settings = {name: _wide(value) for name, value in self.settings.items()}
        if settings.get("eps", 0.0) is None:
            settings["eps"] = torch.finfo(computed_in(dtype or x.dtype)).eps
        if self.channels == 1:
            return normalize(x.double(), self.row, **wide, **settings)
        out = normalize(x.double().transpose(1, -1), self.row, **wide, **settings)
        return replace(out, **{name: _placed(getattr(out, name)) for name in _OPERANDS})

    def _gained(self, weight: Tensor | None) -> Tensor | None:
        wide = self._flat(weight)
        if wide is None:
            return None if self.factor == 1.0 else torch.tensor(self.factor, dtype=torch.float64)
        return self.factor * (self.offset + wide) if (self.factor, self.offset) != (1, 0) else wide

    def _flat(self, value: Tensor | None) -> Any:
        """One number for each channel, in whatever shape the module holds them."""
        wide = _wide(value)
        return wide if value is None or self.row.affine == "shape" else wide.flatten()


_OPERANDS = ("y", "center", "scale", "pool")


def _placed(operand: Tensor) -> Tensor:
    return operand.transpose(1, -1) if operand.dim() > 1 else operand


def _wide(value: Any) -> Any:
    """Parameters in float64; those that carry a gradient keep their graph."""
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value
