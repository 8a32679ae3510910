"""Half input with float32 parameters: computed in float32, rounded once, its dtype kept."""

import pytest
import torch

from cases import by_equation, by_mode, example, layer_of, run, tolerance

HALF = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def ulp(x, dtype):
    """The distance of neighbouring numbers of that dtype around x."""
    info = torch.finfo(dtype)
    exponent = torch.frexp(x.abs().clamp_min(info.smallest_normal)).exponent - 1
    return info.eps * torch.exp2(exponent.double())


@pytest.mark.proves("half")
@by_mode
@pytest.mark.parametrize("dtype", HALF.values(), ids=HALF)
def test_half_input_is_rounded_once(row, dtype, training):
    layer = layer_of(row, dtype=torch.float32).train(training)
    x = (2.0 * example() + 0.5).to(dtype)
    expected = by_equation(layer, row, x)
    y = layer(x)
    assert y.dtype == dtype
    assert all(value.dtype == torch.float32 for value in layer.parameters())
    computed = tolerance(torch.float32, x.numel()) * max(1.0, expected.abs().max().item())
    error = (y.double() - expected).abs()
    assert bool((error <= ulp(expected, dtype) / 2 + computed).all())


@pytest.mark.proves("half")
@by_mode
def test_autocast_changes_nothing_of_float32(row, training):
    x = example(dtype=torch.float32)
    plain, layer = (layer_of(row, dtype=torch.float32).train(training) for _ in range(2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = run(layer, x)
    expected = run(plain, x)
    assert all(torch.equal(mine, other) for mine, other in zip(found, expected, strict=True))
