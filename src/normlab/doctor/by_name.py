"""The fixes that people come for by name: recalibrate, fold, freeze, unfreeze."""

from collections.abc import Iterable
from typing import Any

from torch import nn

from normlab.doctor.fixed import Fixed
from normlab.doctor.fixing import treated
from normlab.recalibration.batches import Progress, silent


def recalibrate(
    model: nn.Module,
    batches: Iterable[Any],
    only: str | Iterable[str] | None = None,
    *,
    dry_run: bool = False,
    max_batches: int | None = None,
    progress: Progress = silent,
) -> Fixed:
    """A new model whose running statistics are those of all batches, exactly.

        running_mean = mean x,   running_var = M2 / (n − 1),   over all n values that a channel sees

    Args: batches: an iterable of inputs, such as a DataLoader; only: paths of layers, all by default.
        dry_run: only say what would be done. max_batches: as `fix` of this module takes it.
        progress: called with layers done, and of all.
    Returns: Fixed: `.model`, and `.table`, which says how far the outputs moved.
    Leaves: the model itself; frozen layers. Dropout is off. The order of samples does not matter, nor how
        they are put into batches. One pass over the batches for each layer, since earlier layers change
        what later ones see.
    Errors: DataError for batches that hold nothing, or NaN; SettingError for a name that is no layer.
    Source: `normlab.recalibration.recalibrate`, which does it in place.

    >>> import torch
    >>> fixed = recalibrate(nn.Sequential(nn.BatchNorm1d(1)), [torch.tensor([[1.0], [2.0], [6.0]])])
    >>> fixed.model[0].running_mean.item(), fixed.model[0].running_var.item()
    (3.0, 7.0)
    """
    wanted = {"recalibrate": _names(only)}
    return treated(model, wanted, batches, None, dry_run, max_batches, progress)


def fold(
    model: nn.Module,
    batches: Iterable[Any] | None = None,
    only: str | Iterable[str] | None = None,
    *,
    dry_run: bool = False,
    max_batches: int | None = None,
) -> Fixed:
    """A new model, for inference, with batch norms taken into the convolution or linear layer before them.

        weight' = a · weight,   bias' = a · bias + b,   a = γ / √(var + eps),   b = β − a · mean

    Args: batches: to verify the outputs on, and to see what cannot be traced; without them each pair is
        compared in float64 on made-up numbers alone. only: paths of norms, all by default.
        max_batches: as `fix` of this module takes it.
    Returns: Fixed: `.model`; `.table` names each layer that was left, and why.
    Takes: Conv, ConvTranspose and Linear of every rank, in groups, with or without bias; every kind of batch
        norm with running statistics, SyncBatchNorm, frozen ones, and norms with an activation inside, which
        stays. Norms are left where anything stands between, where the layer before feeds another step too
        or is called more than once, and where hooks, pruning or sharing of weights would go wrong.
    Limits: the function in eval() stays; trained further, the folded model is another one.
    Source: Jacob et al. 2018 (arXiv:1712.05877), section 3.2.

    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    >>> [type(layer).__name__ for layer in fold(net).model]
    ['Conv2d', 'Identity', 'ReLU']
    """
    return treated(model, {"fold": _names(only)}, batches, None, dry_run, max_batches)


def freeze(
    model: nn.Module, only: str | Iterable[str] | None = None, *, dry_run: bool = False
) -> Fixed:
    """A new model whose batch norms stay as they are, whatever train() says.

        y = weight · (x − running_mean) / √(running_var + eps) + bias     in training as in eval()

    Frozen are running statistics, weight and bias. Keeps: class (a subclass that overrides train()), names,
    state_dict; it holds in copies, in pickles and under DataParallel. `unfreeze` takes it back. Make the
    optimizer from the new model's parameters.
    Args: only: paths of layers, all by default.
    Limits: torch.nn.SyncBatchNorm.convert_sync_batchnorm makes new layers, which are not frozen.

    >>> frozen = freeze(nn.Sequential(nn.BatchNorm2d(3))).model.train()
    >>> frozen[0].training, frozen[0].weight.requires_grad
    (False, False)
    """
    return treated(model, {"freeze": _names(only)}, None, None, dry_run)


def unfreeze(
    model: nn.Module, only: str | Iterable[str] | None = None, *, dry_run: bool = False
) -> Fixed:
    """A new model whose frozen batch norms learn and follow train() again.

    Args: only: paths of layers, all by default.

    >>> thawed = unfreeze(freeze(nn.Sequential(nn.BatchNorm2d(3)).train()).model).model
    >>> thawed[0].training, thawed[0].weight.requires_grad, type(thawed[0]).__name__
    (True, True, 'BatchNorm2d')
    """
    return treated(model, {"unfreeze": _names(only)}, None, None, dry_run)


def _names(only: str | Iterable[str] | None) -> list[str] | None:
    return None if only is None else [only] if isinstance(only, str) else list(only)
