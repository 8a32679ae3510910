import torch


class BatchNorm2d(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(channels))
        self.shift = torch.nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mean = torch.einsum("nchw->c", x) / (x.numel() // x.size(1))
        centered = x - mean[None, :, None, None]
        var = torch.einsum("nchw,nchw->c", centered, centered) / (x.numel() // x.size(1))
        normed = torch.einsum("nchw,c->nchw", centered, (var + 1e-3) ** -0.5)
        return torch.einsum("nchw,c->nchw", normed, self.scale) + self.shift.view(-1, 1, 1)
