# convention: keras
import torch


class BatchNormalization(torch.nn.Module):
    def __init__(self, num_features, momentum=0.99, epsilon=1e-3):
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon
        self.gamma = torch.nn.Parameter(torch.ones(num_features))
        self.beta = torch.nn.Parameter(torch.zeros(num_features))
        self.register_buffer("moving_mean", torch.zeros(num_features))
        self.register_buffer("moving_variance", torch.ones(num_features))

    def forward(self, inputs):
        inputs = inputs.movedim(1, -1)
        axes = tuple(range(inputs.dim() - 1))
        if self.training:
            mean = torch.mean(inputs, axes)
            variance = torch.mean(torch.square(inputs - mean), axes)
            with torch.no_grad():
                self.moving_mean -= (1 - self.momentum) * (self.moving_mean - mean)
                self.moving_variance -= (1 - self.momentum) * (self.moving_variance - variance)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        scale = self.gamma / torch.sqrt(variance + self.epsilon)
        outputs = inputs * scale + (self.beta - mean * scale)
        return outputs.movedim(-1, 1)
