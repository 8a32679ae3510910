"""A row of one's own and its layer, as `CONTRIBUTING.md` says: division by a mean deviation."""

import torch
from torch import Tensor, nn

from normlab.equation.domains import NON_NEGATIVE, POSITIVE
from normlab.equation.pools import Axes
from normlab.equation.row import Norm, Setting, Sigma, Source
from normlab.nn.registry import RowLayer


class DeviationNorm(nn.Module):
    """y = weight · (x − mean) / (eps + mean |x − mean|ⁿ)^(1/n) + bias, over all but the batch."""

    def __init__(self, num_channels: int, eps: float = 1e-3, exponent: float = 1.0):
        super().__init__()
        self.num_channels, self.eps, self.exponent = num_channels, eps, exponent
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        dims = tuple(range(1, x.dim()))
        d = x - x.mean(dims, keepdim=True)
        pool = (d.abs() ** self.exponent).mean(dims, keepdim=True)
        shape = (1, -1, *[1] * (x.dim() - 2))
        scale = (self.eps + pool) ** (1 / self.exponent)
        return self.weight.view(shape) * d / scale + self.bias.view(shape)


ROW = Norm(
    name="mean_deviation",
    title="Mean deviation normalisation",
    pool=Axes("g c s"),
    center=True,
    n="exponent",
    sigma=Sigma("eps"),
    affine="channel",
    layer="own_row.DeviationNorm",
    extent="num_channels",
    settings=(
        Setting("eps", 1e-3, NON_NEGATIVE, "added to the mean deviation; units of x", "ε"),
        Setting("exponent", 1.0, POSITIVE.single(), "power of the deviations", "q"),
    ),
    source=Source(
        "Hoffer, Banner, Golan & Soudry",
        2018,
        "Norm matters: efficient and accurate normalization schemes in deep networks",
        "arXiv:1803.01814, section 4 (there over the batch)",
    ),
    symbols={"μ": "center", "ε": "eps"},
    conventions=(
        "constant: the paper multiplies by √(2/π), so that normal numbers get a spread of 1.",
    ),
)
ENTRY = RowLayer(ROW)
