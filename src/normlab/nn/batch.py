"""Batch normalisation as a layer."""

from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from normlab.functional.batch import check_batch
from normlab.nn.checks import check_channels


class BatchNorm(_BatchNorm):
    """Batch normalisation for input of any rank: torch's BatchNorm1d, 2d and 3d in one class.

        y = weight · (x − mean) / √(var + eps) + bias

    Args: num_features, eps=1e-5, momentum=0.1 (None: cumulative average), affine=True,
        track_running_stats=True, device=None, dtype=None, as in torch.
    Shapes: x (N, C, *); weight, bias, running_mean, running_var (C,).
    Statistics: of the batch in training (biased variance), running ones in evaluation (updated with the
        unbiased variance) unless track_running_stats is False.
    Errors: ShapeError for another number of channels, or one value per channel in training; DtypeError.
    Limits: a constant channel → bias.
    Source: Ioffe & Szegedy 2015, algorithm 1.  Same as: torch.nn.BatchNorm1d/2d/3d (state_dict too)

    >>> import torch
    >>> layer = BatchNorm(2)
    >>> layer(torch.tensor([[1.0, 10.0], [3.0, 30.0]])).detach()
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]])
    >>> layer.running_mean
    tensor([0.2000, 2.0000])
    """

    def _check_input_dim(self, input: Tensor) -> None:
        check_channels(self, input, self.num_features, "num_features", least=2)
        alone = input.numel() == input.shape[1]
        if alone and (self.training or self.running_mean is None):
            check_batch(input, f"BatchNorm(num_features={self.num_features})")
