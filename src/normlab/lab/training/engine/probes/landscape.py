"""Probes of the loss around the present parameters, and of how layers disturb each other."""

import torch
from torch import Tensor

from normlab.lab.training.engine.run import Probe, Run

Tensors = dict[str, Tensor]


def landscape(run: Run, low: float = 0.5, high: float = 4.0, count: int = 8) -> Probe:
    """Along the gradient of the current batch, at `count` step sizes η from low to high learning rates.

    With g(η) = ∇L(θ − η g) and g = g(0), in training mode: loss_range max L − min L; predictiveness
    max ‖g(η) − g‖; beta max ‖g(η) − g‖ / (η ‖g‖), the effective β-smoothness; gradient ‖g‖; each (M,).
    Santurkar et al. 2018, section 3.1 and figure 4.
    """
    factors = torch.logspace(0, 1, count, base=high / low).mul(low).tolist()

    def probe() -> dict[str, Tensor]:
        group, start = run.group, run.group.parameters
        with group.untouched():
            _, gradient = group.gradients(run.x, run.y)
            found = [
                group.gradients(run.x, run.y, _moved(start, gradient, -factor * run.lr))
                for factor in factors
            ]
        losses = torch.stack([loss for loss, _ in found])
        changes = torch.stack([_norm(_minus(other, gradient)) for _, other in found])
        length = _norm(gradient)
        moved = torch.stack([factor * run.lr * length for factor in factors])
        return {
            "loss_range": losses.amax(0) - losses.amin(0),
            "predictiveness": changes.amax(0),
            "beta": (changes / moved).amax(0),
            "gradient": length,
        }

    return probe


def gradient_shift(run: Run) -> Probe:
    """How the step of the layers before it changes a layer's gradient, for every linear layer but the first.

    G_i is the gradient by layer i's weights before the step just made; G'_i that after layers 1 … i − 1
    (and their normalisers) have made it, on the same batch: shift ‖G'_i − G_i‖, relative, the same over
    ‖G_i‖, and cosine, each (M, layers − 1). Santurkar et al. 2018, definition 2.1. It holds for plain
    gradient descent, whose step can be undone.
    """
    names = list(run.group.parameters)
    begins = [i for i, name in enumerate(names) if _linear(name)]

    def probe() -> dict[str, Tensor]:
        group = run.group
        before = _moved(group.parameters, run.gradient, run.lr)
        pairs = []
        with group.untouched():
            for begin in begins[1:]:
                mixed = {n: group.parameters[n] for n in names[:begin]}
                mixed = {n: p.detach().requires_grad_() for n, p in (before | mixed).items()}
                _, after = group.gradients(run.x, run.y, mixed)
                pairs.append((run.gradient[names[begin]], after[names[begin]]))
        return _compared(pairs)

    return probe


def entering(run: Run, taps: tuple[str, ...]) -> Probe:
    """Mean and standard deviation of what passes the taps, for one batch that never changes.

    It is the first of the training data, in training mode and with the noise of the step just made:
    mean, std, each (M, taps, units).
    """
    fixed = run.trained[0][:, : run.cell.batch_size]

    def probe() -> dict[str, Tensor]:
        seen = run.group.watch(fixed, *taps, training=True)
        stacked = torch.stack([seen[tap] for tap in taps], 1)
        return {"mean": stacked.mean(2), "std": stacked.std(2, correction=0)}

    return probe


def _linear(name: str) -> bool:
    return name.endswith(".weight") and name.startswith(("linear_", "readout"))


def _compared(pairs: list[tuple[Tensor, Tensor]]) -> Tensors:
    first, second = (
        [part.flatten(1).double() for part in parts] for parts in zip(*pairs, strict=True)
    )
    distance = torch.stack([(b - a).norm(dim=1) for a, b in zip(first, second, strict=True)], 1)
    lengths = torch.stack([a.norm(dim=1) for a in first], 1)
    both = torch.stack([b.norm(dim=1) for b in second], 1) * lengths
    products = torch.stack([(a * b).sum(1) for a, b in zip(first, second, strict=True)], 1)
    return {"shift": distance, "relative": distance / lengths, "cosine": products / both}


def _moved(start: Tensors, direction: Tensors, sizes: Tensor) -> Tensors:
    """start + sizes · direction, each network by its own size; leaves, so that they have gradients."""
    return {
        name: (p.detach() + sizes.to(p).reshape(-1, *[1] * (p.ndim - 1)) * direction[name])
        .detach()
        .requires_grad_()
        for name, p in start.items()
    }


def _minus(first: Tensors, second: Tensors) -> Tensors:
    return {name: first[name] - second[name] for name in first}


def _norm(tensors: Tensors) -> Tensor:
    """‖·‖₂ of all of a network's together: (M,)."""
    return sum(
        (t.double().flatten(1).square().sum(1) for t in tensors.values()), torch.tensor(0.0)
    ).sqrt()
