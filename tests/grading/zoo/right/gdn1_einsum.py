import torch


def gdn1(x, sigma, pool_weight):
    pool = torch.einsum("ij,nj...->ni...", pool_weight, x.abs())
    return x / (sigma.view(1, -1, *[1] * (x.dim() - 2)) + pool)
