"""Which functions a learner's code calls that normalise by themselves. Runs in the learner's process."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

TORCH = "torch.nn.functional"
_OURS, _GRADER = "normlab", "normlab.grading"
# what normalises by itself in torch.nn.functional, and under the same or a longer name in torch
_NORMALISING = {
    *("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"),
    *("local_response_norm", "normalize"),
}
_BUILT_IN = {*_NORMALISING, *(f"native_{name}" for name in _NORMALISING), "cudnn_batch_norm"}


def watched(call: Callable[[], Any], forbid: tuple[str, ...], found: set[str]) -> Any:
    """Run a call, and note what is called in it: what normalises by itself, and what is forbidden."""

    def note(frame: FrameType, event: str, argument: Any) -> None:
        name = ""
        if event == "call":
            name = _called(frame, forbid)
        elif event == "c_call" and argument.__name__ in _BUILT_IN and _module(frame) != TORCH:
            name = f"torch.{argument.__name__}"
        if name:
            found.add(name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        return call()
    finally:
        sys.setprofile(before)


def _called(frame: FrameType, forbid: tuple[str, ...]) -> str:
    """The function of a frame, where it is one of those; of several inside each other the outermost."""
    module, name = _module(frame), frame.f_code.co_name
    caller = _module(frame.f_back) if frame.f_back else ""
    same = caller == module if module == TORCH else _root(caller) == _root(module)
    if same or module.startswith(_GRADER):
        return ""
    whole = f"{module}.{name}"
    torchs = module == TORCH and name in _NORMALISING
    return whole if _root(module) == _OURS or torchs or forbidden(whole, forbid) else ""


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def forbidden(name: str, forbid: tuple[str, ...]) -> bool:
    """Whether a function is of a forbidden module; torch.batch_norm is what torch.nn.functional calls."""
    names = (name, f"{TORCH}.{name.rpartition('.')[2].removeprefix('native_')}")
    ways = names if name.removeprefix("torch.") in _BUILT_IN else names[:1]
    return any(way == module or way.startswith(f"{module}.") for way in ways for module in forbid)


def _root(module: str) -> str:
    return module.partition(".")[0]
