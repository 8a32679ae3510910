"""What an implementation is asked for, and the points of it."""

from collections.abc import Mapping

CONVENTIONS = ("torch", "keras")  # whose running statistics are right

# in the order it is told
CHECKS: Mapping[str, tuple[str, int]] = {
    "table": ("y for a table (N, C)", 3),
    "sequence": ("y for (N, C, L)", 3),
    "image": ("y for images (N, C, H, W)", 3),
    "volume": ("y for volumes (N, C, D, H, W)", 3),
    "several": ("y over several last dimensions", 1),
    "settings": ("y with other settings", 2),
    "sigma": ("y where {sigma} matters", 2),
    "constant": ("y for {constant}", 1),
    "offset": ("y far from zero (float32)", 2),
    "affine": ("weight and bias", 2),
    "fresh": ("y of a layer as it is made", 1),
    "gradient": ("the gradient", 2),
    "running": ("running statistics after training", 2),
    "evaluation": ("y in evaluation", 3),
    "state": ("what state_dict holds, and an optimiser trains", 1),
    "input": ("the input is left as it was", 1),
    "output": ("y has the input's shape and dtype", 1),
}
