# names: graph_kept bessel_missing_in_running
def bn(x, w, b, rm, rv, train=True, momentum=0.1, eps=1e-5):
    if train:
        m, v = x.mean(0), x.var(0, unbiased=False)
        rm.mul_(1 - momentum).add_(momentum * m)
        rv.mul_(1 - momentum).add_(momentum * v)
    else:
        m, v = rm, rv
    return (x - m) * (v + eps).rsqrt() * w + b
