import torch


def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    before, after = size // 2, (size - 1) // 2
    channels = x.shape[1]
    total = torch.cat([torch.zeros_like(x[:, :1]), (x * x).cumsum(1)], dim=1)
    place = torch.arange(channels)
    high = (place + after + 1).clamp(max=channels)
    low = (place - before).clamp(min=0)
    mean = (total[:, high] - total[:, low]) / size
    return x / torch.pow(k + alpha * mean, beta)
