import torch


class BatchNorm:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.gamma, self.beta = torch.ones(num_features), torch.zeros(num_features)
        self.running_mean = self.running_var = None

    def __call__(self, x):
        axes = [0, *range(2, x.dim())]
        shape = [1, -1] + [1] * (x.dim() - 2)
        if self.running_mean is None:
            self.running_mean = torch.zeros(x.shape[1])
            self.running_var = torch.ones(x.shape[1])
        if self.training:
            mean, var = x.mean(axes), x.var(axes, correction=0)
            n = x.numel() / x.shape[1]
            self.running_mean = torch.lerp(self.running_mean, mean.detach(), self.momentum)
            kept = var.detach() * n / (n - 1)
            self.running_var = torch.lerp(self.running_var, kept, self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        y = (x - mean.view(shape)) / torch.sqrt(var.view(shape) + self.eps)
        return self.gamma.view(shape) * y + self.beta.view(shape)
