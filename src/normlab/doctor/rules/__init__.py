"""The rules, one file for each: by their codes, in order."""

from collections.abc import Mapping
from types import MappingProxyType

from normlab.doctor.rule import Rule
from normlab.doctor.rules.averaged_weights import AveragedWeights
from normlab.doctor.rules.batches_differ import BatchesDiffer
from normlab.doctor.rules.channels_last import ChannelsLast
from normlab.doctor.rules.dead_by_input import DeadByInput
from normlab.doctor.rules.dead_by_weight import DeadByWeight
from normlab.doctor.rules.degenerate_group import DegenerateGroup
from normlab.doctor.rules.double_normalisation import DoubleNormalisation
from normlab.doctor.rules.dropout_before_norm import DropoutBeforeNorm
from normlab.doctor.rules.eps_convention import EpsConvention
from normlab.doctor.rules.eps_sets_gain import EpsSetsGain
from normlab.doctor.rules.foldable import Foldable
from normlab.doctor.rules.frozen_moving import FrozenMoving
from normlab.doctor.rules.gradient_accumulation import GradientAccumulation
from normlab.doctor.rules.half_overflow import HalfOverflow
from normlab.doctor.rules.half_statistics import HalfStatistics
from normlab.doctor.rules.momentum_convention import MomentumConvention
from normlab.doctor.rules.never_updated import NeverUpdated
from normlab.doctor.rules.non_finite_input import NonFiniteInput
from normlab.doctor.rules.poisoned_statistics import PoisonedStatistics
from normlab.doctor.rules.processes import Processes
from normlab.doctor.rules.redundant_bias import RedundantBias
from normlab.doctor.rules.shared_layer import SharedLayer
from normlab.doctor.rules.small_batches import SmallBatches
from normlab.doctor.rules.stale_statistics import StaleStatistics
from normlab.doctor.rules.tracking_switched import TrackingSwitched
from normlab.doctor.rules.train_eval_gap import TrainEvalGap
from normlab.doctor.rules.weight_decay import WeightDecay
from normlab.errors import SettingError, did_you_mean

_CLASSES: tuple[type[Rule], ...] = (
    StaleStatistics,
    NeverUpdated,
    PoisonedStatistics,
    TrainEvalGap,
    AveragedWeights,
    SmallBatches,
    BatchesDiffer,
    SharedLayer,
    HalfOverflow,
    HalfStatistics,
    MomentumConvention,
    EpsConvention,
    DeadByWeight,
    DeadByInput,
    EpsSetsGain,
    DegenerateGroup,
    ChannelsLast,
    NonFiniteInput,
    RedundantBias,
    Foldable,
    DoubleNormalisation,
    DropoutBeforeNorm,
    WeightDecay,
    GradientAccumulation,
    FrozenMoving,
    TrackingSwitched,
    Processes,
)
RULES: Mapping[str, Rule] = MappingProxyType({kind.code: kind() for kind in _CLASSES})


def find(code: str) -> Rule:
    """The rule of that code or name, or SettingError."""
    wanted = code.strip()
    for rule in RULES.values():
        if wanted.upper() == rule.code or wanted.lower() == rule.name:
            return rule
    known = [name for rule in RULES.values() for name in (rule.code, rule.name)]
    raise SettingError(
        f"no rule {code!r}; normlab doctor --list shows them.{did_you_mean(wanted, known)}"
    )
