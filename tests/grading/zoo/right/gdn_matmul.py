import torch


class GDN(torch.nn.Module):
    def __init__(self, num_channels):
        super().__init__()
        self.sigma = torch.nn.Parameter(torch.ones(num_channels))
        self.pool_weight = torch.nn.Parameter(0.1 * torch.eye(num_channels))

    def forward(self, x):
        last = x.movedim(1, -1)
        energy = (last * last) @ self.pool_weight.T
        return (last / torch.sqrt(self.sigma**2 + energy)).movedim(-1, 1)
