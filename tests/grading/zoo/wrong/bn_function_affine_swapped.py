# names: weight_and_bias_swapped
def batch_norm(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(0), x.var(0, correction=0)
    hat = (x - mean) / (var + eps) ** 0.5
    return beta * hat + gamma
