# names: not_squared
import torch


def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    square = x.abs()
    total = torch.zeros_like(x)
    channels = x.shape[1]
    for c in range(channels):
        low, high = max(0, c - size // 2), min(channels, c + (size - 1) // 2 + 1)
        total[:, c] = square[:, low:high].sum(1)
    return x / (k + alpha / size * total) ** beta
