"""Probes of evaluation: other images than in training, other statistics, sparsity."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from normlab.lab.training.engine.run import Probe, Run


def modes(run: Run, shifts: Sequence[Sequence[float]] = ((1.0, 0.0),)) -> Probe:
    """Accuracy of test images a · x + b, x scaled by the training part: (M, shifts) each.

    running: with running statistics; own: with those of all test examples together (Nado et al. 2020,
    arXiv:2006.10963); batches: in training mode, with those of batches as large as in training, classes
    mixed, a smaller last one left out. Nothing is stored.
    """
    x, y = _mixed(run)
    size = run.cell.batch_size

    def batches(x: Tensor) -> Tensor:
        whole = max(1, x.shape[1] // size) * size
        parts = zip(x[:, :whole].split(size, 1), y[:, :whole].split(size, 1), strict=True)
        return torch.stack([run.score(*part, training=True)[0] for part in parts]).mean(0)

    def probe() -> dict[str, Tensor]:
        shifted = [a * x + b for a, b in shifts]
        return {
            "running": torch.stack([run.score(image, y)[0] for image in shifted], 1),
            "own": torch.stack([run.score(image, y, training=True)[0] for image in shifted], 1),
            "batches": torch.stack([batches(image) for image in shifted], 1),
        }

    return probe


def last_batch(
    run: Run, size: int = 2, momenta: Sequence[float] = (0.1, 0.5, 0.9), repeats: int = 8
) -> Probe:
    """Accuracy in evaluation after one more update of the running statistics: (M, momenta).

    running ← (1 − momentum) · running + momentum · that of `size` examples of the current batch; the mean
    over `repeats` such updates, each from the same state, which is as before afterwards.
    """
    x, y = run.test

    def after(momentum: float, i: int) -> Tensor:
        few = slice(i * size, (i + 1) * size)
        with run.group.untouched(), _momentum(run.group.network, momentum), torch.no_grad():
            run.group.losses(run.x[:, few], run.y[:, few])
            return run.score(x, y)[0]

    def probe() -> dict[str, Tensor]:
        count = min(repeats, run.x.shape[1] // size)
        found = [torch.stack([after(m, i) for i in range(count)]).mean(0) for m in momenta]
        return {"last_batch": torch.stack(found, 1)}

    return probe


def contrasts(run: Run, factors: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0)) -> Probe:
    """Accuracy of test images whose values are scaled about the image's mean: (M, factors)."""
    x, y = run.test
    mean = x.mean(tuple(range(2, x.ndim)), keepdim=True)

    def probe() -> dict[str, Tensor]:
        return {
            "contrast": torch.stack([run.score(mean + f * (x - mean), y)[0] for f in factors], 1)
        }

    return probe


def gini(values: Tensor) -> Tensor:
    """Sparsity of the last axis's n values: 0 for equal ones, 1 − 1/n for a single one, 0 for zeros.

        G = 1 − 2 Σ_k c_(k)/‖c‖₁ · (n − k + 1/2)/n, |c| in ascending order, k = 1 … n

    Source: Hurley & Rickard 2009 (arXiv:0811.4706), table I.
    """
    c = values.abs().sort(dim=-1).values
    n = c.shape[-1]
    weight = (n - torch.arange(1, n + 1, device=c.device) + 0.5) / n
    total = c.sum(-1)
    share = (c * weight).sum(-1) / torch.where(total > 0, total, torch.ones_like(total))
    return torch.where(total > 0, 1 - 2 * share, torch.zeros_like(total))


def sparsity(run: Run, taps: Sequence[str], examples: int = 256) -> Probe:
    """Gini index of what passes each tap, within an example, mean over test examples: (M, taps)."""
    x = _mixed(run)[0][:, :examples]

    def probe() -> dict[str, Tensor]:
        seen = run.group.watch(x, *taps)
        return {"gini": torch.stack([gini(seen[tap].flatten(2)).mean(1) for tap in taps], 1)}

    return probe


def _mixed(run: Run) -> tuple[Tensor, Tensor]:
    """The test examples in an order that mixes the classes, which a split has one after the other."""
    x, y = run.test
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(0)).to(x.device)
    return x[:, order], y[:, order]


@contextmanager
def _momentum(network: nn.Module, value: float) -> Iterator[None]:
    """Every layer with running statistics updates them with this momentum."""
    layers = [m for m in network.modules() if getattr(m, "running_var", None) is not None]
    before = [m.momentum for m in layers]
    for layer in layers:
        layer.momentum = value  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType]
    try:
        yield
    finally:
        for layer, kept in zip(layers, before, strict=True):
            layer.momentum = kept  # pyright: ignore[reportAttributeAccessIssue]
