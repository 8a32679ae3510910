import torch
import torch.nn.functional as F


def local_contrast_norm(x, sigma=1.0, size=9, width=None):
    width = size / 4 if width is None else width
    line = torch.arange(size) - (size - 1) / 2
    line = torch.exp(-(line**2) / (2 * width**2))
    kernel = (line[:, None] * line[None, :]).expand(1, x.shape[1], size, size)
    pad = (size // 2, (size - 1) // 2) * 2
    weights = F.conv2d(F.pad(torch.ones_like(x[:1]), pad), kernel)

    def local_mean(a):
        return F.conv2d(F.pad(a, pad), kernel) / weights

    v = x - local_mean(x)
    return v / (sigma**2 + local_mean(v**2)).sqrt()
