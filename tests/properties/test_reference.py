"""Every layer gives the numbers of the equation, for tables, sequences and images."""

import pytest

from cases import assert_close, by_equation, by_mode, by_place, example, layer_of
from normlab import table
from normlab.nn.registry import layers


def test_every_row_has_a_layer():
    assert list(layers()) == list(table)


@pytest.mark.proves("reference")
@by_mode
@by_place
def test_the_layer_is_the_equation(row, shape, training):
    layer = layer_of(row, shape).train(training)
    x = 2.0 * example(shape) + 0.5
    expected = by_equation(layer, row, x)
    assert_close(layer(x), expected)
