import numpy as np


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    grouped = x.reshape(N * G, C // G * H * W)
    mean = grouped.mean(axis=1, keepdims=True)
    std = np.sqrt(grouped.var(axis=1, keepdims=True) + eps)
    x_hat = ((grouped - mean) / std).reshape(N, C, H, W)
    return gamma * x_hat + beta, None
