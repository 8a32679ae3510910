import torch
import torch.nn.functional as F


def local_contrast_norm(x, sigma=1.0, size=9, width=None):
    width = size / 4 if width is None else width
    c, h, w = x.shape[1:]
    near = torch.exp(-(((torch.arange(size) - (size - 1) / 2) / width) ** 2) / 2)
    window = torch.outer(near, near).flatten().repeat(c)[:, None]
    pad = (size // 2, (size - 1) // 2, size // 2, (size - 1) // 2)

    def pooled(a):
        return (F.unfold(F.pad(a, pad), size) * window).sum(1).view(len(a), 1, h, w)

    share = pooled(torch.ones_like(x))
    centered = x - pooled(x) / share
    return centered / (sigma**2 + pooled(centered * centered) / share).sqrt()
