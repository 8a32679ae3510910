def l2_norm(x, eps=1e-12):
    return x / x.pow(2).sum(dim=1, keepdim=True).sqrt().clamp(min=eps)
