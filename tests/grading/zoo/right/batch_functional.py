import torch


def batch_norm(x, running_mean, running_var, weight, bias, training, momentum=0.1, eps=1e-5):
    """With torch's signature; the running statistics are updated in place."""
    axes = (0, *range(2, x.ndim))
    wide = (slice(None),) + (None,) * (x.ndim - 2)
    if training:
        n = x.shape[0] * x[0, 0].numel()
        mean = x.sum(axes) / n
        var = (x - mean[wide]).square().sum(axes) / n
        with torch.no_grad():
            running_mean.copy_((1 - momentum) * running_mean + momentum * mean)
            running_var.copy_((1 - momentum) * running_var + momentum * var * n / (n - 1))
    else:
        mean, var = running_mean, running_var
    inverse = torch.rsqrt(var + eps)
    return weight[wide] * ((x - mean[wide]) * inverse[wide]) + bias[wide]
