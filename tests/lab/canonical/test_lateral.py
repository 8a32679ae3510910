"""Six readings of α, each against the formula that its paper or framework prints, or runs."""

import numpy as np
import pytest
import torch
from torch.nn.functional import local_response_norm

from normlab import lab
from normlab.lab.canonical import lateral

PROFILE = lateral.profile()[0].numpy()


def window(x, before, after):
    return np.array([(x[max(i - before, 0) : i + after + 1] ** 2).sum() for i in range(len(x))])


def krizhevsky(x):
    return x / (2 + 1e-4 * window(x, 2, 2)) ** 0.75


def tensorflow(x, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75):
    return x / (bias + alpha * window(x, depth_radius, depth_radius)) ** beta


def divided(x, k=2.0, alpha=1e-4, beta=0.75):
    """Caffe and ONNX: α over the size."""
    return x / (k + alpha / 5 * window(x, 2, 2)) ** beta


def of_torch(x, k=2.0, alpha=1e-4):
    return local_response_norm(torch.from_numpy(x)[None, :, None], 5, alpha, 0.75, k)[
        0, :, 0
    ].numpy()


TYPED = {
    "Krizhevsky 2012": krizhevsky,
    "torch": of_torch,
    "TensorFlow": tensorflow,
    "ONNX": divided,
    "Paddle": of_torch,  # which runs as torch does: tests/frameworks/test_paddle.py
    "Caffe": divided,
}
DEFAULTS = {
    "Krizhevsky 2012": krizhevsky,
    "torch": lambda x: of_torch(x, k=1.0),
    "TensorFlow": lambda x: tensorflow(x, 5, 1.0, 1.0, 0.5),
    "ONNX": lambda x: divided(x, 1.0),
    "Paddle": lambda x: of_torch(x, k=1.0),
    "Caffe": lambda x: divided(x, 1.0, 1.0),
}


@pytest.mark.parametrize(
    ("settings", "formulas"), [(lateral.literal, TYPED), (lateral.defaults, DEFAULTS)]
)
def test_every_reading_is_its_formula(settings, formulas):
    found = settings()
    assert list(found) == list(formulas)
    for name, formula in formulas.items():
        y = lateral.layer(lateral.profile(), **found[name]).y[0].numpy()
        np.testing.assert_allclose(y, formula(PROFILE), rtol=1e-12)


def test_the_words_typed_are_the_frameworks_own():
    words = {name: lateral.typed(convention) for name, convention in lateral.readings().items()}
    assert words["TensorFlow"] == {"depth_radius": 2, "bias": 2.0, "alpha": 1e-4, "beta": 0.75}
    assert words["Caffe"] == {"local_size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0}
    mended = {name: lateral.converted(c)["alpha"] for name, c in lateral.readings().items()}
    assert mended == pytest.approx(
        {"torch": 5e-4, "TensorFlow": 1e-4, "ONNX": 5e-4, "Paddle": 5e-4, "Caffe": 5e-4}
    )


def test_numbers():
    result = lab.run("canonical.lateral")
    assert [v.outcome for v in result.verdicts] == ["holds"] * 8
    alphas = {k.rpartition(".")[2]: v for k, v in result.numbers.items() if ".alpha." in k}
    expected = {name: 1e-4 if name in ("Krizhevsky 2012", "TensorFlow") else 2e-5 for name in TYPED}
    assert alphas == pytest.approx(expected)
    edge = krizhevsky(np.where(np.arange(24) < 12, 20.0, 100.0))
    assert result.numbers["lateral.edge.over"] == pytest.approx(edge[12] / edge[17])
    assert result.numbers["lateral.edge.under"] == pytest.approx(edge[11] / edge[6])
