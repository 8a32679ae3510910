"""What the tests of the C++ kernels share: which sets are compiled, and when the tests are left out."""

import pytest

from normlab.kernels import native

BUILT = native.in_use() is not None
SETS = [name for name, runs in native.compiled().items() if runs] if BUILT else []
needs_kernels = [
    pytest.mark.skipif(not BUILT, reason=native.status()),
    # torch's own decompositions for forward mode are scripted
    pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning"),
]
by_set = pytest.mark.parametrize("name", SETS)
