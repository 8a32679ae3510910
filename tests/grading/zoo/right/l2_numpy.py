import numpy as np


def l2_normalize(x, eps=1e-12):
    length = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    return x / np.maximum(length, eps)
