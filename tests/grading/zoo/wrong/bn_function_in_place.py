# names: changes_input
def batch_norm(x, gamma, beta, eps=1e-5):
    x -= x.mean(0)
    x /= (x.pow(2).mean(0) + eps).sqrt()
    return gamma * x + beta
