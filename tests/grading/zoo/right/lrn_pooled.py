import torch
import torch.nn.functional as F


class LocalResponseNorm(torch.nn.Module):
    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x):
        square = x.pow(2).unsqueeze(1)
        pad = (0, 0, 0, 0, self.size // 2, (self.size - 1) // 2)
        mean = F.avg_pool3d(F.pad(square, pad), (self.size, 1, 1), stride=1).squeeze(1)
        return x * (self.k + self.alpha * mean).pow(-self.beta)
