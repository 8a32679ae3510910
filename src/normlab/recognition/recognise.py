"""Which row a module is: by its type where that has torch's or our forward, else by its numbers."""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from normlab.equation import relatives
from normlab.equation.row import Norm
from normlab.equation.table import TABLE, find
from normlab.errors import CheckError
from normlab.recognition.behaviour import behaviour
from normlab.recognition.by_numbers import EXACT, NEAR, Probe, plain, settled
from normlab.recognition.by_type import by_type, no_row
from normlab.recognition.copies import undisturbed
from normlab.recognition.found import Recognised
from normlab.recognition.inputs import like, made_up
from normlab.system.threads import one_thread_if_small

_OTHERS = (nn.Linear, _ConvNd, nn.Embedding, nn.MultiheadAttention, nn.RNNBase)
_PARTS = 8  # a normaliser has few modules in it


def recognise(
    module: nn.Module, x: Tensor | None = None, row: str | Norm | None = None
) -> Recognised | None:
    """What the module is, or None where it does what no row does; `why_not` says why.

    Args: x: an input it takes; without one, inputs are made up from the sizes of its parameters, and
        only what is `exact` is returned. With one, a module that pools as a row does and has other
        numbers is taken for that row too, so that its mistake can be shown. row: what it is to be taken
        for, by the name of a row of the table or of what stands beside it.
    Leaves the module as it is: copies are run, in float64, without hooks that others put on it, and the
        state of the random numbers is put back.
    Errors: SettingError for an unknown row.

    >>> recognise(nn.LayerNorm(4)).words, recognise(nn.Linear(4, 4))
    ('layer norm', None)
    """
    found = _recognised(module, x, row)
    return found if x is None or found is None else _of_sizes(found, x)


def _recognised(module: nn.Module, x: Tensor | None, row: str | Norm | None) -> Recognised | None:
    known = by_type(module)
    if row is not None:
        return _told(module, x, wanted(row), known)
    if known is not None or _hopeless(module, x):
        return known
    tried = []
    for probe in _probes(module, x):
        best = next(iter(probe.fits), None)
        if best is not None and best.error <= EXACT:
            return settled(module, best, probe)
        tried.append(probe)
    return None if x is None else _nearest(module, tried)


def _of_sizes(found: Recognised, x: Tensor) -> Recognised:
    """With normalized_shape as x has it: the module may have been tried on fewer places."""
    shape = found.settings.get("normalized_shape")
    if not isinstance(shape, tuple) or found.how == "type":
        return found
    return replace(
        found, settings={**found.settings, "normalized_shape": tuple(x.shape[-len(shape) :])}
    )


def wanted(row: str | Norm) -> Norm:
    """The row of that name, in the table or beside it."""
    if isinstance(row, str) and row not in TABLE and relatives.known(row):
        return relatives.find(row).norm or find(row)
    return find(row)


def why_not(module: nn.Module, x: Tensor | None = None) -> str:
    """Why a module is not recognised, in words."""
    reason = no_row(module)
    if reason or x is None:
        return reason or "it does what no row does"
    try:
        with undisturbed(x.device), one_thread_if_small(x):
            probe = Probe(module, x.detach())
            seen, uncentred = behaviour(probe, probe.x), probe.keeps_the_mean()
    except CheckError:
        return "it cannot be run in float64, in which rows are compared"
    if uncentred:
        return "it divides by the deviation about a mean that it does not subtract, as no row does"
    if seen.alone:
        return f"it pools nothing: {seen}"
    return f"it does what no row of the table does: {seen}"


def _told(
    module: nn.Module, x: Tensor | None, row: Norm, known: Recognised | None
) -> Recognised | None:
    if known is not None and known.row.name == row.name:
        return replace(known, how="told")
    for probe in _probes(module, x):
        best = next(iter(probe.fits_of([row])), None)
        if best is not None:
            found = (settled if best.error <= EXACT else plain)(module, best, probe)
            return replace(found, how="told")
    return None


def _nearest(module: nn.Module, tried: list[Probe]) -> Recognised | None:
    """The row whose numbers are nearly the module's, or that does the same to whom and does it rightly."""
    for probe in tried:
        with undisturbed(probe.x.device), one_thread_if_small(probe.x):
            if probe.keeps_the_mean():
                return None
            seen = behaviour(probe, probe.x)
            for fit in probe.fits:
                one = fit.candidate
                if fit.error <= NEAR:
                    return plain(module, fit, probe)
                other = behaviour(lambda a, one=one: one.normalised(a, one.some_eps), probe.x)
                if seen.like(other) and probe.alike(one):
                    return replace(plain(module, fit, probe), how="behaviour")
    return None


def _probes(module: nn.Module, x: Tensor | None) -> Iterator[Probe]:
    """The module with each of the inputs that it takes."""
    for one in made_up(module) if x is None else like(module, x):
        try:
            with undisturbed(one.device), one_thread_if_small(one):
                yield Probe(module, one)
        except CheckError:  # it takes no such input
            continue


def _hopeless(module: nn.Module, x: Tensor | None) -> bool:
    """Whether a look tells that it is no row: by its class, or of a model's module by what is in it."""
    if no_row(module):
        return True
    own = type(module).forward.__module__.startswith("torch.nn.modules.")
    parts = list(module.modules())
    heavy = len(parts) > _PARTS or any(isinstance(part, _OTHERS) for part in parts)
    return x is None and (own or heavy)
