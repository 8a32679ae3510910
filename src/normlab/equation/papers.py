"""Constants of papers, each written once, in the paper's own meaning and as the settings of our row."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# Krizhevsky, Sutskever & Hinton 2012, section 3.3: n, α, β, k, where α multiplies the sum of squares
ALEXNET: Mapping[str, Any] = MappingProxyType({"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0})


def alexnet_settings() -> dict[str, Any]:
    """AlexNet's constants as settings of the row, whose alpha is divided by the size, as in torch.

    >>> alexnet_settings()
    {'size': 5, 'alpha': 0.0005, 'beta': 0.75, 'k': 2.0}
    """
    return {**ALEXNET, "alpha": ALEXNET["alpha"] * ALEXNET["size"]}
