import math

import torch


def local_contrast_norm(x, sigma=1.0, size=9, width=None):
    if width is None:
        width = size / 4
    reach = size // 2
    rows, cols = x.shape[2:]

    def local_mean(a):
        total = torch.zeros_like(a[:, :1])
        weights = torch.zeros(rows, cols)
        for down in range(-reach, size - reach):
            for right in range(-reach, size - reach):
                weight = math.exp(-0.5 * (down**2 + right**2) / width**2)
                for row in range(max(0, -down), min(rows, rows - down)):
                    for col in range(max(0, -right), min(cols, cols - right)):
                        total[:, 0, row, col] += weight * a[:, :, row + down, col + right].mean(1)
                        weights[row, col] += weight
        return total / weights

    d = x - local_mean(x)
    return d / torch.sqrt(sigma**2 + local_mean(d * d))
