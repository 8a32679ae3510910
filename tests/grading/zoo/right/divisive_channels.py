import torch


class DivisiveNorm(torch.nn.Module):
    def __init__(self, sigma=1.0, power=2.0):
        super().__init__()
        self.sigma, self.power = sigma, power

    def forward(self, x):
        drive = torch.pow(x, self.power)
        pool = torch.zeros_like(x[:, :1])
        for channel in drive.split(1, dim=1):
            pool = pool + channel
        return drive / (pool + self.sigma**self.power)
