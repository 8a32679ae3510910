import torch


class LayerNorm(torch.nn.Module):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        super().__init__()
        if isinstance(normalized_shape, int):
            normalized_shape = (normalized_shape,)
        self.dims = tuple(range(-len(normalized_shape), 0))
        self.eps = eps
        self.weight = (
            torch.nn.Parameter(torch.ones(normalized_shape)) if elementwise_affine else None
        )
        self.bias = (
            torch.nn.Parameter(torch.zeros(normalized_shape)) if elementwise_affine else None
        )

    def forward(self, x):
        var, mean = torch.var_mean(x, self.dims, correction=0, keepdim=True)
        y = (x - mean) / torch.sqrt(var + self.eps)
        return y if self.weight is None else y * self.weight + self.bias
