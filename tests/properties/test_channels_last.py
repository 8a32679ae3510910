"""channels_last in, channels_last out, with the accuracy of contiguous input."""

import pytest
import torch

from cases import by_equation, example, layer_of

FORMATS = {
    "4d": ((8, 8, 16, 16), torch.channels_last),
    "5d": ((8, 8, 8, 8, 4), torch.channels_last_3d),
}
MARGIN = 2.0
ULPS = 4 * torch.finfo(torch.float32).eps


def error(y, expected):
    return (y.double() - expected).abs().max().item() / max(1.0, expected.abs().max().item())


@pytest.mark.proves("channels_last")
@pytest.mark.parametrize("mean", [0.0, 1.0, 100.0])
@pytest.mark.parametrize(("shape", "layout"), FORMATS.values(), ids=FORMATS)
def test_the_layout_stays_and_costs_no_digit(row, shape, layout, mean):
    x = (example(shape) + mean).float()
    layer = layer_of(row, shape, torch.float32)
    expected = by_equation(layer, row, x)
    plain, y = layer(x), layer(x.to(memory_format=layout))
    assert y.is_contiguous(memory_format=layout)
    assert error(y, expected) <= MARGIN * error(plain, expected) + ULPS
