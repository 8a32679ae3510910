# names: ignored_setting
def batch_norm(x, weight, bias, eps=1e-5):
    mean = x.mean(0)
    var = x.var(0, correction=0)
    return weight * (x - mean) / (var + 1e-5).sqrt() + bias
