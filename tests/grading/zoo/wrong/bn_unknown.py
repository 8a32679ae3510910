# names: unknown
def batch_norm(x, eps=1e-5):
    median = x.median(0).values
    return (x - median) / ((x - median).abs().mean(0) + eps)
