# names: bessel_in_batch
import numpy as np


def batch_norm(x, gamma, beta, eps=1e-5):
    mean = np.mean(x, axis=0)
    std = np.sqrt(np.var(x, axis=0, ddof=1) + eps)
    return gamma * (x - mean) / std + beta
