# names: missing_eps groups_over_batch


def group_norm(x, num_groups, weight, bias, eps=1e-5):
    """two: pools groups over the batch too; forgets eps"""
    n, c = x.shape[:2]
    g = x.reshape(n, num_groups, -1)
    m = g.mean((0, 2), keepdim=True)
    v = ((g - m) ** 2).mean((0, 2), keepdim=True)
    y = ((g - m) / v.sqrt()).reshape(x.shape)
    s = (1, c) + (1,) * (x.dim() - 2)
    return y * weight.view(s) + bias.view(s)
