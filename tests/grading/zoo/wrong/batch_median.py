# names: median_for_mean
def batch_norm(x, eps=1e-5):
    median = x.median(0, keepdim=True).values
    return (x - median) / (((x - median) ** 2).mean(0) + eps).sqrt()
