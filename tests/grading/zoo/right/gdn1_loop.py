import torch


def gdn1(x, sigma, pool_weight):
    channels = []
    for i in range(x.shape[1]):
        pool = sigma[i]
        for j in range(x.shape[1]):
            pool = pool + pool_weight[i, j] * torch.abs(x[:, j])
        channels.append(x[:, i] / pool)
    return torch.stack(channels, dim=1)
