import torch


def batch_norm(x, weight, bias, eps=1e-5):
    """Channel by channel, number by number."""
    columns = []
    for c in range(x.shape[1]):
        column = x[:, c]
        mean = sum(column.flatten()) / column.numel()
        var = sum((value - mean) ** 2 for value in column.flatten()) / column.numel()
        columns.append((column - mean) / torch.sqrt(var + eps) * weight[c] + bias[c])
    return torch.stack(columns, 1)
