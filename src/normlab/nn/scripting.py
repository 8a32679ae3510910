"""What every layer here answers to torch.jit.script."""

from typing import NoReturn

from torch import nn

from normlab.errors import ScriptError


class Unscripted(nn.Module):
    """A layer that torch.jit.script cannot compile, and says so."""

    def __prepare_scriptable__(self) -> NoReturn:
        """torch.jit.script asks for this before it compiles a module or any part of it."""
        raise ScriptError(
            f"torch.jit.script cannot compile {type(self).__name__}: the language of TorchScript, which "
            f"torch no longer develops, is too small for it. Use torch.jit.trace(model.eval(), x), whose "
            f"result can be saved too, or torch.export."
        )
