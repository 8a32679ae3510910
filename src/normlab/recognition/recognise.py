"""Which row a module is: by its type where that has torch's or our forward, else by its numbers."""

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from normlab.errors import CheckError
from normlab.recognition.by_numbers import by_numbers, like, made_up
from normlab.recognition.by_type import by_type
from normlab.recognition.copies import undisturbed
from normlab.recognition.found import Recognised


def recognise(module: nn.Module, x: Tensor | None = None) -> Recognised | None:
    """What the module is, or None where it does what no row does.

    x: an input it takes; without one, inputs are made up from the sizes of its parameters. The module
    is left as it is: copies are run, without hooks, and the state of the random numbers is kept.

    >>> recognise(nn.LayerNorm(4)).row.name, recognise(nn.Linear(4, 4))
    ('layer', None)
    """
    known = by_type(module)
    if known is not None or (x is None and hopeless(module)):
        return known
    inputs = made_up(module) if x is None else like(module, x)
    for one in inputs:
        try:
            with undisturbed(one.device):
                found, _ = by_numbers(module, [one])
        except CheckError:  # it takes no such input, or cannot be copied
            continue
        if found is not None:
            return found if x is not None or found.exact else None
    return None


def hopeless(module: nn.Module) -> bool:
    """Whether a look tells that a module found in a model is no normaliser."""
    own = type(module).forward.__module__.startswith("torch.nn.modules.")
    parts = list(module.modules())
    return own or len(parts) > 8 or any(isinstance(part, _OTHERS) for part in parts)


_OTHERS = (nn.Linear, _ConvNd, nn.Embedding, nn.MultiheadAttention, nn.RNNBase)
