"""bias=False as in torch 2.13, whichever torch is installed: 2.10 has it for layer norm alone."""

import re
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase


class OptionalBias(nn.Module):
    """Stands before a layer of torch, and does what older ones cannot do without a bias."""

    weight: Any  # a Parameter, or None
    bias: Any

    def reset_parameters(self) -> None:
        """Every parameter and running statistic as it was when the layer was made."""
        if isinstance(self, _NormBase):
            self.reset_running_stats()
        for value, first in ((self.weight, 1.0), (self.bias, 0.0)):
            if value is not None:
                nn.init.constant_(value, first)

    def extra_repr(self) -> str:
        shown = super().extra_repr()
        if "bias=" in shown:
            return shown
        return re.sub(r"(affine=\w+)", rf"\1, bias={self.bias is not None}", shown)
