import torch


def layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    """One sample at a time through torch.vmap."""
    size = 1
    for n in normalized_shape if not isinstance(normalized_shape, int) else (normalized_shape,):
        size *= n
    rows = x.reshape(-1, size)

    def one(v):
        d = v - v.mean()
        return d / torch.sqrt((d * d).mean() + eps)

    y = torch.vmap(one)(rows).reshape(x.shape)
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias
