"""The C++ kernels, where they were built: loaded once, for the best instruction set of this processor.

The variable NORMLAB_KERNELS forces a set ("avx512", "avx2", "generic") or switches the kernels off ("off").
Without them everything runs on torch's operators, with the same numbers.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from normlab.errors import SettingError
from normlab.kernels import operators
from normlab.tracing import in_forward_mode, in_make_fx, in_transform, observed, watching

VARIABLE = "NORMLAB_KERNELS"
SETS = ("avx512", "avx2", "generic")
LIBRARY = Path(__file__).with_name("libkernels.so")
KINDS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)  # numbered as in core.h
ORDINARY = frozenset((Tensor, torch.nn.Parameter))  # a subclass may do anything

_chosen: str | None = None  # the set in use
# the tests of `steady` at the cost of one call, by dtype; none without kernels
shows: dict[torch.dtype, Any] = {}
varies: dict[torch.dtype, Any] = {}
_off = ""  # why there is none


def in_use() -> str | None:
    """The instruction set of the kernels in use, or None."""
    _start()
    return _chosen


def status() -> str:
    """What computes here, and why.

    >>> status().split(":")[0] in ("C++ kernels", "torch's operators")
    True
    """
    _start()
    if _chosen is None:
        return f"torch's operators: {_off}"
    forced = f", as {VARIABLE} says" if os.environ.get(VARIABLE) == _chosen else ""
    return f"C++ kernels: {_chosen}{forced}; compiled are {', '.join(compiled())}"


def compiled() -> dict[str, bool]:
    """The sets that were compiled, the best first, and whether this processor has each."""
    listed = _library().normlab_sets().decode().split()
    return {name[:-1]: name.endswith("+") for name in listed}


@contextmanager
def forced(name: str) -> Iterator[None]:
    """Another set, or "off", for a while: for tests and timings. Not for several threads at once."""
    global _chosen
    _start()
    before = _chosen
    try:
        _chosen = _set(name)
        yield
    finally:
        _chosen = before if before is None else _set(before)


def refused(*given: Tensor | None) -> str:
    """Why torch's operators must compute with these tensors, whose values are known; "" where kernels may."""
    if in_use() is None:
        return _off or "the kernels are switched off"
    if torch._C._len_torch_dispatch_stack():
        return "the call is being recorded"
    if in_forward_mode():
        return "derivatives are taken in forward mode"
    for tensor in given:
        if tensor is not None and (why := _unfit(tensor)):
            return why
    return ""


def ready() -> bool:
    """Whether kernels may compute with ordinary tensors of a call in which `plain` holds."""
    recorded = torch._C._len_torch_dispatch_stack() or in_make_fx()
    return not recorded and in_use() is not None


def second_order() -> bool:
    """In a backward pass: whether its result is to be differentiated again, or is being transformed."""
    return (
        torch.is_grad_enabled()
        or in_transform()
        or in_forward_mode()
        or bool(torch._C._len_torch_dispatch_stack())
        or in_use() is None
    )


def _unfit(tensor: Tensor) -> str:
    if type(tensor) not in ORDINARY:
        return f"a tensor is a {type(tensor).__name__}"
    if not tensor.is_cpu or tensor.layout != torch.strided:
        return f"a tensor is on {tensor.device.type}, {str(tensor.layout).removeprefix('torch.')}"
    return "" if tensor.dtype in KINDS else f"a tensor is {tensor.dtype}"


@cache
def _start() -> None:
    """Look once for the library and the set to use."""
    global _chosen, _off
    asked = os.environ.get(VARIABLE, "")
    if asked not in ("", "off", *SETS):
        raise SettingError(
            f"{VARIABLE}={asked!r} is set, but it must be one of off, {', '.join(SETS)}, or nothing."
        )
    _off = f"{VARIABLE} switches the kernels off" if asked == "off" else _missing()
    if not _off:
        _chosen = _set(asked or next(name for name, runs in compiled().items() if runs))


def _missing() -> str:
    """Why the library cannot be loaded."""
    if not LIBRARY.exists():
        return "no kernels were built; `make lab` builds them where a C++ compiler is installed"
    try:
        torch.ops.load_library(str(LIBRARY))
        _library()
        operator = operators.unlike()
        if operator:
            return _other(f"operator {operator}")
        operators.describe()
    except (OSError, RuntimeError) as error:  # a torch before 2.10, or a library for another system
        return f"the kernels do not load here ({str(error).splitlines()[0]})"
    except AttributeError as error:
        return _other(f"function {str(error).rpartition(' ')[2]}")
    return ""


def _other(what: str) -> str:
    return (
        f"the kernels were built for another version of normlab ({what} is missing or has another "
        f"signature); `make kernels` rebuilds them"
    )


def _set(name: str) -> str | None:
    for cached in (shows, varies):
        cached.clear()
    if name == "off":
        return None
    if not _library().normlab_choose(name.encode()):
        known = compiled()
        why = "this processor does not have it" if name in known else "it was not compiled"
        raise SettingError(
            f"The kernels cannot use {name!r}: {why}. Choose one of "
            f"{', '.join(own for own, runs in known.items() if runs)}, or off."
        )
    library = _library()
    for kind in KINDS:
        shows[kind] = getattr(library, f"normlab_shows_{_called(kind)}")
        varies[kind] = getattr(library, f"normlab_varies_{_called(kind)}")
    return name


def _called(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")


def functions() -> Any:
    """Those of the library that take memory of numpy, where kernels are in use."""
    return _library()


@cache
def _library() -> Any:
    library = ctypes.CDLL(str(LIBRARY))
    library.normlab_sets.restype = ctypes.c_char_p
    library.normlab_choose.argtypes = [ctypes.c_char_p]
    at, number, real = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
    for kind in KINDS:
        test = getattr(library, f"normlab_shows_{_called(kind)}")
        test.argtypes, test.restype = [at, at, number, real, real], ctypes.c_bool
        test = getattr(library, f"normlab_varies_{_called(kind)}")
        test.argtypes, test.restype = [at, number, number, real], ctypes.c_bool
    library.normlab_power_sums.argtypes = [
        ctypes.c_int, at, number, at, at, number, number, at,
    ]  # fmt: skip
    library.normlab_count_levels.argtypes = [at, number, number, number, at]
    library.normlab_count_levels_of_arrow.argtypes = [at, number, at, at]
    library.normlab_count_levels_of_arrow.restype = ctypes.c_bool
    library.normlab_power_sums.restype = library.normlab_count_levels.restype = None
    return library


def written(a: Tensor) -> bool:
    """Whether a kernel may write to the memory of a."""
    ordinary = type(a) is Tensor and a.is_cpu and a.is_contiguous()
    return ordinary and not (a.is_neg() or a.requires_grad)


def noted(why: str) -> None:
    """Tell who watches (`normlab.explain`) what computes this call."""
    if watching:
        observed(f"torch's operators, since {why}" if why else f"C++ kernels ({_chosen})")
