# names: keepdim_forgotten
# LayerNorm with keepdim mistake: broadcasts wrongly for square inputs, crashes otherwise
import torch


def layer_norm(x, weight, bias, eps=1e-5):
    mean = x.mean(-1)
    var = x.var(-1, unbiased=False)
    return (x - mean) / torch.sqrt(var + eps) * weight + bias
