import torch


class BatchNorm1d:
    """Running statistics as plain attributes, modes as one too; called, not forwarded."""

    def __init__(self, dim, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.gamma, self.beta = torch.ones(dim), torch.zeros(dim)
        self.running_mean, self.running_var = torch.zeros(dim), torch.ones(dim)

    def __call__(self, x):
        if self.training:
            dim = 0 if x.ndim == 2 else (0, 2)
            mean, var = x.mean(dim), x.var(dim, unbiased=False)
            unbiased = x.var(dim)
            with torch.no_grad():
                self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
                self.running_var = (1 - self.momentum) * self.running_var + self.momentum * unbiased
        else:
            mean, var = self.running_mean, self.running_var
        gamma, beta = self.gamma, self.beta
        if x.ndim == 3:
            mean, var, gamma, beta = (a[:, None] for a in (mean, var, gamma, beta))
        return gamma * (x - mean) / torch.sqrt(var + self.eps) + beta
