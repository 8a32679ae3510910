import torch
from torch import nn


class NormalisationParLots(nn.Module):
    def __init__(self, nb_canaux, epsilon=1e-5, momentum=0.1):
        super().__init__()
        self.epsilon, self.momentum = epsilon, momentum
        self.poids = nn.Parameter(torch.ones(nb_canaux))
        self.biais = nn.Parameter(torch.zeros(nb_canaux))
        self.register_buffer("moyenne_courante", torch.zeros(nb_canaux))
        self.register_buffer("variance_courante", torch.ones(nb_canaux))

    def forward(self, entrée):
        if self.training:
            moyenne, variance = entrée.mean(0), entrée.var(0, unbiased=False)
            with torch.no_grad():
                self.moyenne_courante.lerp_(moyenne, self.momentum)
                self.variance_courante.lerp_(entrée.var(0), self.momentum)
        else:
            moyenne, variance = self.moyenne_courante, self.variance_courante
        return self.poids * (entrée - moyenne) / torch.sqrt(variance + self.epsilon) + self.biais
