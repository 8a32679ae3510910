"""torch.export keeps the numbers of every layer, with any number of samples too."""

import pytest
from torch.export import Dim, export

from cases import SHAPE, assert_close, example, layer_of

BATCHES = {"fixed": None, "dynamic": ({0: Dim("batch", min=2, max=64)},)}


@pytest.mark.proves("export")
@pytest.mark.parametrize("dynamic", BATCHES.values(), ids=BATCHES)
def test_the_exported_program_is_the_layer(row, dynamic):
    layer = layer_of(row).eval()
    program = export(layer, (example(),), dynamic_shapes=dynamic).module()
    samples = SHAPE[0] if dynamic is None else 7
    x = example((samples, *SHAPE[1:]), seed=1)
    assert_close(program(x), layer(x))
