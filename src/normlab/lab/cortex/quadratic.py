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


class QuadraticV1:
    """The responses of a `V1` of a small grid, for many images: 50 000 of 32 × 32 in seconds."""

    def __init__(self, model: V1):
        if model.parameters.pool_exponent != 2:
            raise SettingError(
                f"pool_exponent={model.parameters.pool_exponent:g} given; only squares (2) make a quadratic "
                f"form. Use V1.respond."
            )
        self.model, self.size = model, model.size
        values, vectors = torch.linalg.eigh(_form(model))
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
    """Q (size², size²) in float64: filters at every place, weighted by the pool and multiplied by themselves.

    The weight of a place is a factor of its row times one of its column, so that each is summed by itself.
    """
    p, n = model.parameters, model.size
    bank = gabor_bank(
        (2 * n, 2 * n),
        orientations(p.orientations).tolist(),
        FREQUENCIES,
        bandwidth=p.filter_frequency,
        orientation_bandwidth=p.filter_orientation,
        spacing=SPACING,
    )
    weights = model.pool_weights.double()
    channels, rows, columns = (
        weights.sum(axes) / weights.sum() for axes in ((1, 2), (0, 2), (0, 1))
    )
    kernels = (bank * channels.sqrt()[:, None, None]).flatten(1)
    parts = torch.cat([kernels.real, kernels.imag]) * weights.sum().sqrt()
    # by y and x of the one pixel and of the other, as seen from the filter's place
    products = (parts.T @ parts).reshape(2 * n, 2 * n, 2 * n, 2 * n)
    by_row = torch.zeros(n, 2 * n, n, 2 * n, dtype=torch.float64)
    for place, weight in enumerate(rows.tolist()):
        seen = slice(n - place, 2 * n - place)
        by_row.add_(products[seen, :, seen], alpha=weight)
    total = torch.zeros(n, n, n, n, dtype=torch.float64)
    for place, weight in enumerate(columns.tolist()):
        seen = slice(n - place, 2 * n - place)
        total.add_(by_row[:, seen, :, seen], alpha=weight)
    return total.reshape(n * n, n * n)
