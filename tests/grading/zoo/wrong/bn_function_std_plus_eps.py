# names: std_plus_eps
def batch_norm(x, gamma, beta, eps=1e-5):
    mu = x.mean(0)
    sigma = ((x - mu) ** 2).mean(0) ** 0.5
    return gamma * (x - mu) / (sigma + eps) + beta
