"""The fixes by name, in the order in which they are applied: what changes numbers first, folding late."""

from collections.abc import Mapping
from types import MappingProxyType

from normlab.doctor.fixes.bias import DropBias
from normlab.doctor.fixes.converting import Convert
from normlab.doctor.fixes.dropout import MoveDropout
from normlab.doctor.fixes.fix import Fix
from normlab.doctor.fixes.folding import Fold
from normlab.doctor.fixes.freezing import Freeze, Unfreeze
from normlab.doctor.fixes.poisoned import Reset
from normlab.doctor.fixes.pruning import Prune
from normlab.doctor.fixes.recalibrating import Recalibrate
from normlab.doctor.fixes.settings import RestoreEps, RestoreMomentum
from normlab.errors import SettingError, did_you_mean

_CLASSES: tuple[type[Fix], ...] = (
    RestoreMomentum,
    RestoreEps,
    Unfreeze,
    MoveDropout,
    Reset,
    Recalibrate,
    DropBias,
    Prune,
    Convert,
    Freeze,
    Fold,
)
FIXES: Mapping[str, Fix] = MappingProxyType({kind.name: kind() for kind in _CLASSES})


def find(name: str) -> Fix:
    """The fix of that name, or SettingError."""
    if name not in FIXES:
        raise SettingError(
            f"no fix {name!r}; there are {', '.join(FIXES)}.{did_you_mean(name, FIXES)}"
        )
    return FIXES[name]
