"""What a setting may be, and the words in which anything else is refused."""

import pytest
import torch

from cases import exact
from normlab import table
from normlab.equation.domains import COUNT, NON_NEGATIVE, POSITIVE, SHAPE, one_of
from normlab.errors import SettingError

REFUSED = {
    "near name": (
        "batch",
        {"epz": 1.0},
        "batch has no setting 'epz'; it has eps. Did you mean 'eps'?",
    ),
    "no near name": (
        "divisive",
        {"zzz": 1.0},
        "divisive has no setting 'zzz'; it has sigma, power.",
    ),
    "negative": (
        "batch",
        {"eps": -1e-5},
        "batch: eps=-1e-05 given, but it must be finite and >= 0.",
    ),
    "infinite": (
        "divisive",
        {"sigma": float("inf")},
        "divisive: sigma=inf given, but it must be finite and >= 0.",
    ),
    "nan": (
        "divisive",
        {"sigma": float("nan")},
        "divisive: sigma=nan given, but it must be finite and >= 0.",
    ),
    "words": ("gdn", {"sigma": "big"}, "gdn: sigma=big given, but it must be finite and >= 0."),
    "zero power": (
        "divisive",
        {"power": 0},
        "divisive: power=0 given, but it must be one number, finite and > 0.",
    ),
    "power per channel": (
        "divisive",
        {"power": torch.tensor([1.0, 2.0])},
        "divisive: power=a tensor (2,) given, but it must be one number, finite and > 0.",
    ),
    "half a group": (
        "group",
        {"num_groups": 1.5},
        "group: num_groups=1.5 given, but it must be a whole number >= 1.",
    ),
    "no group": (
        "group",
        {"num_groups": 0},
        "group: num_groups=0 given, but it must be a whole number >= 1.",
    ),
    "true is no count": (
        "local_response",
        {"size": True},
        "local_response: size=True given, but it must be a whole number >= 1.",
    ),
    "negative weight": (
        "gdn",
        {"pool_weight": torch.tensor([[1.0, -0.1], [0.0, 1.0]])},
        "gdn: pool_weight=a tensor (2, 2) given, but it must be finite and >= 0, or None (0.1 · "
        "identity, where training starts).",
    ),
    "window": (
        "local_contrast",
        {"window": "disk"},
        "local_contrast: window=disk given, but it must be one of 'gaussian', 'box'.",
    ),
    "width": (
        "local_contrast",
        {"width": [1.0, 0.0]},
        "local_contrast: width=[1.0, 0.0] given, but it must be finite and > 0, or None (size/4).",
    ),
    "shape": (
        "layer",
        {"normalized_shape": ()},
        "layer: normalized_shape=() given, but it must be a size or sizes of the last dimensions, "
        "or None (all but the batch axis).",
    ),
    "rms eps": (
        "rms",
        {"eps": -1.0},
        "rms: eps=-1.0 given, but it must be finite and >= 0, or None (machine epsilon of the "
        "dtype computed in).",
    ),
}


@pytest.mark.parametrize(("name", "given", "message"), REFUSED.values(), ids=REFUSED)
def test_a_setting_is_refused_in_full_words(name, given, message):
    with pytest.raises(SettingError, match=exact(message)):
        table[name].resolve(given)


ACCEPTED = [
    (POSITIVE, [1, 0.5, torch.tensor([1.0, 2.0]), [1.0, 2.0]], [0, -1, None, "a", [], [[0.0]]]),
    (NON_NEGATIVE, [0, 0.0, torch.zeros(2)], [-1, torch.tensor([1.0, -1.0]), True, 1j]),
    (POSITIVE.single(), [1.0, torch.tensor(2.0)], [torch.ones(1), [1.0], (1.0,), 0.0]),
    (COUNT, [1, 7], [0, 1.0, True, None, "1"]),
    (SHAPE, [3, (3,), [4, 5]], [(), 0, (0,), (1.5,), None]),
    (one_of("box"), ["box"], ["Box", None, 1]),
    (POSITIVE.or_none("why"), [None, 1.0], [0.0]),
]


@pytest.mark.parametrize(
    ("domain", "inside", "outside"), ACCEPTED, ids=lambda v: getattr(v, "words", "")
)
def test_domains(domain, inside, outside):
    assert [value in domain for value in inside] == [True] * len(inside)
    assert [value in domain for value in outside] == [False] * len(outside)
