# names: wrong_axis
import torch


def my_bn(x, eps=1e-5):
    mean = torch.mean(x, dim=1, keepdim=True)
    var = torch.var(x, dim=1, keepdim=True, unbiased=False)
    return (x - mean) / torch.sqrt(var + eps)
