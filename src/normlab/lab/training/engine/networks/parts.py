"""What the networks share: places that are watched, the normaliser of a cell, and what data they need."""

from torch import Tensor, nn

from normlab.errors import DataError
from normlab.lab.training.engine.cell import Training
from normlab.lab.training.engine.data import Data
from normlab.lab.training.engine.norms import Kind, make


class Tap(nn.Identity):
    """Keeps what passes, for `Group.watch`."""

    seen: Tensor

    def forward(self, input: Tensor) -> Tensor:
        self.seen = input
        return input


def normalizer(cell: Training, channels: int, kind: Kind) -> nn.Module:
    return make(cell.norm, channels, kind, cell.norm_options)


def needs_images(data: Data) -> None:
    if data.lack:
        raise DataError(data.lack)
