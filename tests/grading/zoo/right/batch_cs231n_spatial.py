import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    flat = x.transpose(0, 2, 3, 1).reshape(-1, C)
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean = bn_param.get("running_mean", np.zeros(C))
    var = bn_param.get("running_var", np.ones(C))
    if bn_param["mode"] == "train":
        mu, sigma2 = flat.mean(axis=0), flat.var(axis=0)
        bn_param["running_mean"] = momentum * mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * var + (1 - momentum) * sigma2
        mean, var = mu, sigma2
    out = gamma * (flat - mean) / np.sqrt(var + eps) + beta
    return out.astype(x.dtype).reshape(N, H, W, C).transpose(0, 3, 1, 2), None
