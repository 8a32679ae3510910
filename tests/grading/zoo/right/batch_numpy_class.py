import numpy as np


class BatchNorm:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.eps, self.momentum = eps, momentum
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)
        self.training = True

    def forward(self, x):
        if self.training:
            n = len(x)
            mean = x.sum(axis=0) / n
            var = ((x - mean) ** 2).sum(axis=0) / n
            self.running_mean = self.running_mean + self.momentum * (mean - self.running_mean)
            kept = ((x - mean) ** 2).sum(axis=0) / (n - 1)
            self.running_var = self.running_var + self.momentum * (kept - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        x_hat = (x - mean) / (var + self.eps) ** 0.5
        return (x_hat * self.gamma + self.beta).astype(x.dtype)
