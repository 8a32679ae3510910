"""More of the family: layers that are rows under another name, and those that are none.

Which is which, and why, says `normlab.equation.relatives`.
"""

from normlab.nn.beyond.batches import FrozenBatchNorm, GhostBatchNorm
from normlab.nn.beyond.renorm import BatchRenorm
from normlab.nn.beyond.response import FilterResponseNorm, GlobalResponseNorm
from normlab.nn.beyond.tokens import DynamicTanh, PositionalNorm, ScaleNorm, moment_shortcut
from normlab.nn.beyond.weights import WeightStandardization, standardize_weights

__all__ = [
    "BatchRenorm",
    "DynamicTanh",
    "FilterResponseNorm",
    "FrozenBatchNorm",
    "GhostBatchNorm",
    "GlobalResponseNorm",
    "PositionalNorm",
    "ScaleNorm",
    "WeightStandardization",
    "moment_shortcut",
    "standardize_weights",
]
