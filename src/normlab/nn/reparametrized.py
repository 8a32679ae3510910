"""The weights of GDN as CompressAI stores them: the root of each, a small number (its pedestal) added.

value = max(stored, √(least + pedestal))² − pedestal,   pedestal = 2⁻³⁶
"""

from typing import Any

import torch
from torch import Tensor

PEDESTAL = 2.0**-36
LEAST_BETA = 1e-6  # the least β, unless the state holds another bound
_PARTS = ("pedestal", "lower_bound.bound")


def translate(state: dict[str, Any], prefix: str, power: int) -> float | None:
    """Put raw_sigma and raw_pool_weight in the place of beta and gamma; the least sigma, if that was done.

    `power`: 2 for GDN, whose beta is sigma², 1 for GDN1.
    """
    names = {name: f"{prefix}{name}" for name in ("beta", "gamma")}
    if not all(name in state for name in names.values()):
        return None
    stored = {name: state.pop(key) for name, key in names.items()}
    held = {
        name: [state.pop(f"{prefix}{name}_reparam.{part}", None) for part in _PARTS]
        for name in names
    }
    beta, least = _value(stored["beta"], held["beta"], LEAST_BETA)
    gamma, _ = _value(stored["gamma"], held["gamma"], 0.0)
    state[f"{prefix}raw_sigma"] = beta if power == 1 else _root(beta, stored["beta"])
    state[f"{prefix}raw_pool_weight"] = gamma
    return least ** (1 / power)


def _value(stored: Tensor, held: list[Tensor | None], least: float) -> tuple[Tensor, float]:
    """What is used of a stored parameter, and the least that it can be; `held` as `_PARTS`."""
    pedestal, bound = held
    below = PEDESTAL if pedestal is None else float(pedestal)
    edge = (least + below) ** 0.5 if bound is None else float(bound)
    return stored.clamp_min(edge) ** 2 - below, max(edge**2 - below, 0.0)


def _root(beta: Tensor, stored: Tensor) -> Tensor:
    """A sigma whose square is beta to the last bit where there is one: the stored number often is."""
    root = beta.sqrt()
    return torch.where(stored * stored == beta, stored, root)
