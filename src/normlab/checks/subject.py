"""What is being checked: a module, what it was recognised as, and that row's float64 reference."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from normlab.equation import rounding
from normlab.equation.pools import Learned
from normlab.equation.reference import Normalized
from normlab.equation.row import Norm
from normlab.recognition import Recognised
from normlab.recognition.copies import copied


@dataclass(frozen=True)
class Expected:
    """y in float64 with the step that follows the row, and the row's operands, whose own y is before it."""

    y: Tensor
    out: Normalized


@dataclass(frozen=True)
class Subject:
    """A module and what it is taken for."""

    found: Recognised

    @property
    def module(self) -> nn.Module:
        return self.found.module

    @property
    def row(self) -> Norm:
        return self.found.row

    @property
    def weight(self) -> Tensor | None:
        return self.found.weight

    @property
    def bias(self) -> Tensor | None:
        return self.found.bias

    @property
    def name(self) -> str:
        return type(self.module).__name__

    @property
    def pools_batch(self) -> bool:
        """Whether one sample's output depends on the others in training."""
        return self.row.uses_batch and not self.found.frozen

    def fresh(self, training: bool, dtype: torch.dtype | None = None) -> nn.Module:
        """A copy to run: the user's module keeps its statistics, gradients and mode."""
        module = copied(self.module).train(training)
        return module if dtype is None else module.to(dtype)

    def computed(self, dtype: torch.dtype) -> torch.dtype:
        """The dtype that the module computes in when it is given this one."""
        coarse = self.found.precision
        return coarse if coarse is not None and dtype == torch.float64 else dtype

    def reference(
        self,
        x: Tensor,
        training: bool,
        affine: tuple[Any, Any] | None = None,
        dtype: torch.dtype | None = None,
    ) -> Expected:
        """The row in float64, with the module's weight and bias (or those given), and its step."""
        out = self.found.normalized(x, training, affine, dtype)
        if self.found.step is None:
            return Expected(out.y, out)
        return Expected(self.found.step.function(out.y), out)

    def allowed(
        self, x: Tensor, expected: Expected, dtype: torch.dtype, computed: torch.dtype | None = None
    ) -> Tensor:
        """What rounding may do to y of dtype, computed in a dtype."""
        before = self.before_step(x, expected, dtype, computed)
        if self.found.step is None:
            return before
        y = expected.out.y.detach()
        return rounding.of_step(
            self.found.step.function, y, before, computed or self.computed(dtype)
        )

    def before_step(
        self, x: Tensor, expected: Expected, dtype: torch.dtype, computed: torch.dtype | None = None
    ) -> Tensor:
        """What rounding may do to what the step is given."""
        computed = computed or self.computed(dtype)
        gain, bias = self.found.gain, self.bias
        off = rounding.of_output(x, expected.out, dtype, computed, gain, bias)
        if not isinstance(self.row.pool, Learned):
            return off
        # its weights were read off its numbers
        return off + rounding.of_solved_weights(expected.out, self.found.channels)

    def smooth(self, expected: Expected, allowed: Tensor) -> Tensor | bool:
        """Where the step has one slope within rounding, so that a gradient can be compared."""
        if self.found.step is None:
            return True
        y = expected.out.y.detach()
        near = [self._slope(y + off) for off in (-allowed, 0 * allowed, allowed)]
        return ((near[0] - near[1]).abs() < 1e-3) & ((near[2] - near[1]).abs() < 1e-3)

    def _slope(self, y: Tensor) -> Tensor:
        assert self.found.step is not None
        with torch.enable_grad():
            here = y.detach().requires_grad_()
            return torch.autograd.grad(self.found.step.function(here).sum(), here)[0]
