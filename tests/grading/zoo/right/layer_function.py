def layer_norm(x, gamma, beta, eps=1e-5):
    mean = x.double().mean(-1, keepdim=True)
    var = (x.double() ** 2).mean(-1, keepdim=True) - mean**2
    return (gamma * (x - mean) / (var + eps).sqrt() + beta).to(x.dtype)
