"""Prints what each tool makes of each trap, ours among them: make doctor-traps.

A tool whose package is not installed is left out.
"""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]
import torch  # noqa: E402
from traps import TRAPS, Trap, tried  # noqa: E402


def main() -> None:
    warnings.simplefilter("ignore")
    for name in (
        "nms",
        "qnms",
    ):  # timm imports torchvision, which wants them of another build of torch
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", "(Tensor a, Tensor b, float c) -> Tensor")
    torch.manual_seed(0)
    width = max(len(trap.name) for trap in TRAPS)
    for trap in TRAPS:
        said = (f"{name}: {outcome(trap, tool)}" for name, tool in trap.tools.items())
        print(f"{trap.name:{width}}  {' | '.join(said)}")


def outcome(trap: Trap, tool: Callable) -> str:
    try:
        return str(tried(trap, tool))
    except ImportError as error:
        return f"not tried ({error.name} is not installed)"


if __name__ == "__main__":
    main()
