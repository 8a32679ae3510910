"""The pool as a quadratic form of the image, which squares allow: many frames in the time of a product.

    Σ_i w_i Σ_x w(x) |⟨image, filter_i at x⟩|² = imageᵀ Q image = Σ_k λ_k ⟨image, v_k⟩²

Only for a pool whose exponent is 2.
"""

import torch
from torch import Tensor

from normlab.errors import SettingError
from normlab.filters import gabor_bank
from normlab.lab.cortex.model import V1, Response, orientations
from normlab.lab.cortex.parameters import FREQUENCIES, SPACING

_BLOCK = 256  # rows of the form that are made together


class QuadraticV1:
    """The responses of a `V1` of a small grid, for many images: 50 000 of 32 × 32 in seconds."""

    def __init__(self, model: V1):
        if model.parameters.pool_exponent != 2:
            raise SettingError(
                f"pool_exponent={model.parameters.pool_exponent:g} given; only squares (2) make a quadratic "
                f"form. Use V1.respond."
            )
        self.model, self.size = model, model.size
        values, vectors = torch.linalg.eigh(_form(model).double())
        self.vectors = vectors.to(model.dtype)
        self.weights = (values.clamp_min(0) * model.kd).to(model.dtype)  # rounding may dip below 0

    def respond(self, images: Tensor, *, phase: float | None = None) -> Response:
        """As `V1.respond` for images (N, size, size) at contrast 1 → rates (N,)."""
        images = self.model.checked(images)
        drive = self.model.own_drive(images, phase)
        pooled = images.flatten(1) @ self.vectors
        rate, pool = self.model.divide(drive, pooled, self.weights)
        return Response(rate, drive, pool)


def _form(model: V1) -> Tensor:
    """Lower triangle of Q (size², size²), in blocks: filters at every place, weighted by the pool and
    multiplied by themselves.

    What stands above it decides nothing, to the last bit. An entry is a float32 sum over places and filters:
    its rounding is within √terms · 2⁻²⁴ of the sum of its terms' sizes.
    """
    p, n = model.parameters, model.size
    bank = gabor_bank(
        (2 * n, 2 * n),
        orientations(p.orientations).tolist(),
        FREQUENCIES,
        bandwidth=p.filter_frequency,
        orientation_bandwidth=p.filter_orientation,
        spacing=SPACING,
    ).to(torch.complex64)
    steps = torch.arange(n)
    shift = n + steps.unsqueeze(0) - steps.unsqueeze(1)  # [place, pixel]
    rows = shift[:, None, :, None].expand(n, n, n, n).reshape(n * n, n * n)
    columns = shift[None, :, None, :].expand(n, n, n, n).reshape(n * n, n * n)
    total = torch.zeros(n * n, n * n)
    for kernel, weights in zip(bank, model.pool_weights, strict=True):
        for part in (kernel.real, kernel.imag):
            placed = part[rows, columns] * weights.float().flatten().sqrt().unsqueeze(1)
            for low in range(0, n * n, _BLOCK):  # the lower triangle is all that eigh reads
                high = low + _BLOCK
                total[low:high, :high].addmm_(placed[:, low:high].T, placed[:, :high])
    return total
