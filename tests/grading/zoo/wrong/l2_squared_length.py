# names: not_rooted
import torch


def l2_norm(x, dim=1, eps=1e-12):
    length = torch.linalg.vector_norm(x, 2, dim, keepdim=True)
    return x / torch.maximum(length, torch.full_like(length, eps)) ** 2
