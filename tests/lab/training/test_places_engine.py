"""Probes against hand-written loops, and networks: stacked as alone, padding without effect."""

import numpy as np
import pytest
import torch
from torch.nn.functional import batch_norm

from normlab.errors import DataError, SettingError
from normlab.lab.training.engine.cell import Origin, Training
from normlab.lab.training.engine.data import Data, load
from normlab.lab.training.engine.networks import build
from normlab.lab.training.engine.networks.transformer import Attention, Place, Tokens
from normlab.lab.training.engine.probes.evaluating import gini, last_batch, modes
from normlab.lab.training.engine.run import Run
from normlab.lab.training.engine.train import train

SHALLOW = {"norm": Origin("batch"), "options": {"depth": 1, "width": 12}, "seeds": (0, 1)}
ADAM = {"optimizer": "adam", "lrs": (3e-3,)}


def begun(steps=5, **given):
    cell = Training(steps=steps, **given)
    run = Run(cell, load(cell.data), cell.replicas, stacked=True)
    for _ in range(steps):
        run.advance()
    return run


def by_hand(run, i, x, mean=None, var=None):
    """Answers of a network of one hidden layer, in double precision; statistics of x unless given."""
    p = {name: value[i].detach().double() for name, value in run.group.parameters.items()}
    hidden = x.double().flatten(1) @ p["linear_0.weight"].T + p["linear_0.bias"]
    mean = hidden.mean(0) if mean is None else mean
    var = hidden.var(0, correction=0) if var is None else var
    normal = (hidden - mean) / (var + 1e-5).sqrt() * p["norm_0.weight"] + p["norm_0.bias"]
    return hidden, normal.relu() @ p["readout.weight"].T + p["readout.bias"]


def running(run, i):
    held = run.group.buffers
    return held["norm_0.running_mean"][i].double(), held["norm_0.running_var"][i].double()


def right(answers, y):
    return (answers.argmax(-1) == y).double().mean().item()


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.0), (2.0, -1.0)])
def test_modes_are_those_of_a_loop(a, b):
    run = begun(**SHALLOW)
    found = modes(run, [(a, b)])()
    x, y = run.test
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(0))
    for i in range(2):
        image, label = a * x[i][order] + b, y[i][order]
        assert found["running"][i, 0] == pytest.approx(
            right(by_hand(run, i, image, *running(run, i))[1], label), abs=2e-3
        )
        assert found["own"][i, 0] == pytest.approx(
            right(by_hand(run, i, image)[1], label), abs=2e-3
        )
        parts = [slice(k, k + 32) for k in range(0, len(label) // 32 * 32, 32)]
        loop = np.mean([right(by_hand(run, i, image[p])[1], label[p]) for p in parts])
        assert found["batches"][i, 0] == pytest.approx(loop, abs=2e-3)


def test_the_last_batch_moves_the_statistics_and_is_forgotten():
    run = begun(**SHALLOW)
    before = {name: value.clone() for name, value in run.group.buffers.items()}
    found = last_batch(run, momenta=(0.0, 0.7), repeats=3)()["last_batch"]
    x, y = run.test
    for i in range(2):
        mean, var = running(run, i)
        assert found[i, 0] == pytest.approx(
            right(by_hand(run, i, x[i], mean, var)[1], y[i]), abs=2e-3
        )
        after = []
        for k in range(3):
            hidden, _ = by_hand(run, i, run.x[i, 2 * k : 2 * k + 2])
            moved = (
                0.3 * mean + 0.7 * hidden.mean(0),
                0.3 * var + 0.7 * hidden.var(0, correction=1),
            )
            after.append(right(by_hand(run, i, x[i], *moved)[1], y[i]))
        assert found[i, 1] == pytest.approx(np.mean(after), abs=2e-3)
    assert all((before[name] == value).all() for name, value in run.group.buffers.items())
    assert run.group.network.norm_0.momentum == 0.1


def test_gini_is_half_the_relative_mean_difference():
    values = torch.randn(3, 17, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    c = values.abs()
    loop = (c[:, :, None] - c[:, None]).abs().sum((1, 2)) / (2 * 17 * c.sum(1))
    torch.testing.assert_close(gini(values), loop)
    one = torch.eye(4, dtype=torch.float64)[0]
    torch.testing.assert_close(
        gini(torch.stack([one, one * 0 + 3, one * 0])),
        torch.tensor([0.75, 0.0, 0.0]).double(),
    )


def test_contrasts_scale_about_the_mean_and_sparsity_sees_the_taps():
    probes = {
        "contrasts": {"factors": (0.0, 1.0)},
        "sparsity": {"taps": ("input_0", "normed_0", "output_0")},
    }
    given = {"network": "cnn", "norm": Origin("batch"), "options": {"place": "after"}}
    found = train(Training(steps=30, marks=(30,), probes=probes, seeds=(0, 1), **ADAM, **given))
    contrast, gini_index = found["contrast"][:, 0], found["gini"][:, 0]
    np.testing.assert_allclose(contrast[:, 1], found["test_accuracy"][:, 0], atol=1e-6)
    assert (contrast[:, 0] < contrast[:, 1] - 0.1).all()  # images without contrast tell no digit
    assert (gini_index[:, 0] > gini_index[:, 1]).all()
    np.testing.assert_array_equal(gini_index[:, 1], gini_index[:, 2])


@pytest.mark.parametrize(
    ("network", "norm", "options"),
    [
        ("cnn", "batch", {}),
        ("cnn", "miller", {"place": "after"}),
        ("cnn", "lrn", {"place": "after"}),
        ("resnet", "group", {"blocks": 2}),
        ("resnet", "batch", {"blocks": 2}),
        ("transformer", "layer", {"order": "post"}),
        ("transformer", "rms", {}),
        ("transformer", "batch", {"masked": True}),
        ("transformer", "batch", {}),
    ],
)
def test_stacked_as_alone(network, norm, options):
    given = {"network": network, "options": options, "norm": Origin(norm), **ADAM}
    given |= {"seeds": (0, 1), "batch_size": 16, "standardize": network != "transformer"}
    given |= {"steps": 6, "marks": (6,)}
    stacked, alone = (train(Training(stacked=s, **given)) for s in (True, False))
    np.testing.assert_allclose(stacked["loss"], alone["loss"], rtol=2e-3)
    np.testing.assert_allclose(stacked["test_accuracy"], alone["test_accuracy"], atol=0.01)
    assert np.isfinite(stacked["loss"]).all()


@pytest.mark.parametrize("network", ["cnn", "resnet", "transformer"])
@pytest.mark.parametrize("shape", [(3, 28, 20), (1, 1, 5), (2, 33, 2)])
def test_images_of_any_size(network, shape):
    data = Data(torch.rand(4, *shape), torch.tensor([0, 1, 0, 1]), ("a", "b"))
    cell = Training(steps=1, network=network, norm=Origin("batch"))
    assert build(cell, data)(data.x).shape == (4, 2)


@pytest.mark.parametrize("network", ["cnn", "resnet", "transformer"])
def test_features_are_refused(network):
    data = Data(torch.rand(4, 5), torch.tensor([0, 1, 0, 1]), ("a", "b"))
    with pytest.raises(DataError, match="needs images"):
        build(Training(steps=1, network=network), data)


@pytest.mark.parametrize(
    ("network", "options"), [("cnn", {"place": "beside"}), ("transformer", {"order": "both"})]
)
def test_unknown_places_are_refused(network, options):
    data = load(Origin("digits"))
    with pytest.raises(SettingError, match="must be"):
        build(Training(steps=1, network=network, options=options), data)


def test_tokens_are_the_inked_pixels_and_then_padding():
    image = torch.tensor([[[[0.0, 8.0, 0.0], [4.0, 0.0, 1.0]]]])
    data = Data(image, torch.tensor([0]), ("a", "b"))
    tokens = Tokens(data, 4)
    tokens.extra = 1
    found, mask = tokens(image)
    assert mask.tolist() == [[True, True, False, False, False]]
    expected = torch.tensor([[-1.0, 0.0, 1.0], [1.0, -1.0, 0.5]])
    torch.testing.assert_close(found[0, :2], expected)
    assert (found[0, 2:] == 0).all()


def test_attention_is_torchs_and_ignores_padding():
    torch.manual_seed(0)
    ours, theirs = Attention(8, 2).double(), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    theirs = theirs.double()
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.three.weight,
            "in_proj_bias": ours.three.bias,
            "out_proj.weight": ours.out.weight,
            "out_proj.bias": ours.out.bias,
        }
    )
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    mask = torch.arange(5) < torch.tensor([[5], [3]])
    torch.testing.assert_close(ours(x, mask), theirs(x, x, x, key_padding_mask=~mask)[0])


def test_masked_batch_norm_takes_its_statistics_from_what_is_no_padding():
    torch.manual_seed(0)
    place = Place(Training(steps=1, norm=Origin("batch")), 6, masked=True).double()
    x = torch.randn(4, 5, 6, dtype=torch.float64)
    mask = torch.arange(5) < torch.tensor([[5], [3], [2], [1]])
    expected = batch_norm(x[mask], None, None, training=True)
    torch.testing.assert_close(place(x, mask)[mask], expected)


@pytest.mark.parametrize(
    ("norm", "masked", "least", "most"),
    [("batch", False, 1e-3, 1.0), ("batch", True, 0.0, 1e-4), ("layer", False, 0.0, 1e-4)],
)
def test_more_padding_changes_only_who_counts_it(norm, masked, least, most):
    given = {"network": "transformer", "options": {"masked": masked}, "norm": Origin(norm)}
    given |= {"seeds": (0, 1), "batch_size": 16, "standardize": False, **ADAM}
    found = train(Training(steps=5, marks=(5,), probes={"padding": {}}, **given))
    assert ((found["padding_training"] >= least) & (found["padding_training"] <= most)).all()
    assert (found["padding_evaluation"] <= 1e-4).all()
