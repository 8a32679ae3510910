"""Every trap of other tools, walked into with ours; `make doctor-traps` prints theirs beside it."""

import pytest
from traps import TRAPS, tried


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_ours_is_right_or_says_why_and_changes_nothing(trap):
    outcome = tried(trap, trap.tools["normlab"])
    assert outcome.right, outcome


@pytest.mark.filterwarnings("ignore")
def test_the_traps_are_traps():
    """Torch's own tools walk into most of them: else the table would prove nothing."""
    own = (
        "swa_utils.update_bn",
        "fx fuse",
        "requires_grad_(False).eval()",
        "convert_sync_batchnorm",
    )
    wrong = [
        trap.name
        for trap in TRAPS
        if any(name in own and not tried(trap, tool).right for name, tool in trap.tools.items())
    ]
    assert len(wrong) >= 12, wrong
