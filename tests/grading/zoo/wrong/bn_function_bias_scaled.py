# names: bias_scaled
def batch_norm(x, gamma, beta, eps=1e-5):
    mean = x.mean(0)
    var = x.var(0, correction=0)
    return gamma * ((x - mean) * (var + eps).pow(-0.5) + beta)
