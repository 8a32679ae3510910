"""Statistics in torch, torchvision, scikit-learn and as source code: each gives the same numbers."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler
from torch import nn

import normlab
from hostile import CODE, NAMES
from normlab.errors import DataError, MissingExtraError, ShapeError
from normlab.measuring.network import uses
from normlab.measuring.network.affine import Standardize
from normlab.measuring.network.snippets import normalize_line, snippets

FRAME = load_wine(as_frame=True).data
IMAGES = torch.randn(20, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.2 + 0.5


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    path = tmp_path_factory.mktemp("wine") / "wine.parquet"
    FRAME.assign(constant=7.0).to_parquet(path)
    return normlab.measure(path)


def test_a_layer(wine):
    x = torch.tensor(FRAME.assign(constant=7.0).to_numpy(), dtype=torch.float32)
    y = wine.as_module()(x)
    assert y.dtype == torch.float32
    assert y.mean(0).abs().max() < 1e-5
    assert torch.allclose(y.std(0, correction=0)[:-1], torch.ones(13), atol=1e-5)
    assert (y[:, -1] == 0).all()
    layer = wine.as_module(dtype=None)
    assert layer.mean.dtype == torch.float64
    torch.testing.assert_close(layer.inverse(layer(x.double())), x.double())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_layer_of_images_keeps_the_dtype(dtype):
    layer = normlab.measure(IMAGES).as_module()
    y = layer(IMAGES.to(dtype))
    assert y.dtype == dtype
    expected = (IMAGES - IMAGES.mean((0, 2, 3), keepdim=True)) / IMAGES.std(
        (0, 2, 3), keepdim=True, correction=0
    )
    torch.testing.assert_close(
        y.float(), expected, atol=20 * max(torch.finfo(dtype).eps, 1.2e-7), rtol=0
    )


def test_a_layer_in_a_network_is_saved_exported_and_compiled():
    layer = normlab.measure(IMAGES).as_module()
    network = nn.Sequential(layer, nn.Conv2d(3, 4, 3)).eval()
    stream = io.BytesIO()
    torch.save(network.state_dict(), stream)
    other = nn.Sequential(Standardize(torch.zeros(3), torch.ones(3)), nn.Conv2d(3, 4, 3)).eval()
    stream.seek(0)
    other.load_state_dict(torch.load(stream, weights_only=True))
    with torch.no_grad():
        torch.testing.assert_close(other(IMAGES), network(IMAGES))
        exported = torch.export.export(network, (IMAGES,)).module()
        torch.testing.assert_close(exported(IMAGES), network(IMAGES))
    assert not list(layer.parameters())


def test_a_layer_refuses_other_features():
    layer = normlab.measure(IMAGES).as_module()
    with pytest.raises(
        ShapeError, match=r"x of shape \(2, 4\) given; from axis 1 on it must have \(3,\)"
    ):
        layer(torch.zeros(2, 4))
    with pytest.raises(ShapeError, match="must be the same"):
        Standardize(torch.zeros(3), torch.ones(2))


def test_a_transform_is_torchvisions_or_does_the_same():
    found = normlab.measure(IMAGES)
    transform = found.as_transform()
    expected = (IMAGES - IMAGES.mean((0, 2, 3), keepdim=True)) / IMAGES.std(
        (0, 2, 3), keepdim=True, correction=0
    )
    torch.testing.assert_close(transform(IMAGES), expected)
    torch.testing.assert_close(transform(IMAGES[0]), expected[0])
    theirs = uses._torchvision()
    assert type(transform) is (Standardize if theirs is None else theirs)


def test_torchvisions_own_class_is_used():
    v2 = pytest.importorskip("torchvision.transforms.v2")
    assert isinstance(normlab.measure(IMAGES).as_transform(), v2.Normalize)


def test_no_transform_of_a_table(wine):
    with pytest.raises(DataError, match="these statistics are of a table"):
        wine.as_transform()


def test_a_fitted_scaler(wine):
    frame = FRAME.assign(constant=7.0)
    ours, theirs = wine.as_sklearn(), StandardScaler().fit(frame)
    for name in ("mean_", "scale_", "var_"):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), rtol=1e-12, atol=1e-12
        )
    assert ours.n_features_in_ == theirs.n_features_in_ == 14
    assert ours.n_samples_seen_ == theirs.n_samples_seen_ == 178
    assert (ours.feature_names_in_ == theirs.feature_names_in_).all()
    np.testing.assert_allclose(ours.transform(frame), theirs.transform(frame), atol=1e-12)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(frame)), frame, rtol=1e-12)
    with pytest.raises(ValueError, match="feature names"):
        ours.transform(frame[frame.columns[::-1]])


def test_a_scaler_of_columns_with_gaps_goes_on_learning(tmp_path):
    x = FRAME.to_numpy().copy()
    x[::7, 2] = np.nan
    pd.DataFrame(x[:100], columns=FRAME.columns).to_parquet(tmp_path / "a.parquet")
    ours = normlab.measure(tmp_path / "a.parquet").as_sklearn()
    rest = pd.DataFrame(x, columns=FRAME.columns)[100:]
    theirs = StandardScaler().fit(pd.DataFrame(x, columns=FRAME.columns))
    np.testing.assert_allclose(ours.partial_fit(rest).var_, theirs.var_, rtol=1e-10)


def test_scikit_learn_is_named_where_it_is_missing(wine, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.preprocessing", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        wine.as_sklearn()


@pytest.mark.parametrize(
    "make", [nn.BatchNorm2d, normlab.nn.BatchNorm, nn.SyncBatchNorm], ids=lambda c: c.__name__
)
def test_running_statistics_are_those_of_one_batch_of_all(make):
    layer = normlab.measure(IMAGES.double()).into_batch_norm(make(3))
    whole = nn.BatchNorm2d(3, momentum=1.0)
    whole(IMAGES)
    torch.testing.assert_close(layer.running_mean, whole.running_mean, atol=1e-6, rtol=0)
    torch.testing.assert_close(layer.running_var, whole.running_var, atol=0, rtol=1e-5)
    assert layer.num_batches_tracked == 1 and layer.running_mean.dtype == torch.float32


def test_layers_without_running_statistics_and_of_other_widths_are_refused(wine):
    found = normlab.measure(IMAGES)
    for layer in (nn.BatchNorm2d(3, track_running_stats=False), nn.LayerNorm(3)):
        with pytest.raises(DataError, match="has no running statistics"):
            found.into_batch_norm(layer)
    with pytest.raises(ShapeError, match="num_features=4 given, and 3 features were measured"):
        found.into_batch_norm(nn.BatchNorm2d(4))
    single = normlab.measure(torch.ones(1, 2))
    with pytest.raises(DataError, match="'0' has no statistics"):
        single.into_batch_norm(nn.BatchNorm1d(2))


def run(text):
    """A snippet's names, as they are after it ran."""
    names = {"torch": torch, "normlab": normlab}
    exec(compile(text, "snippet", "exec"), names)
    return names


def test_the_snippets_of_a_table_run_and_give_the_same(wine):
    held = {snippet.title: snippet.text for snippet in snippets(wine)}
    assert list(held) == ["scikit-learn", "PyTorch", "JSON", "Keras"]
    frame = FRAME.assign(constant=7.0)
    scaler = run(held["scikit-learn"])["scaler"]
    np.testing.assert_array_equal(scaler.transform(frame), wine.as_sklearn().transform(frame))
    assert vars(scaler).keys() == vars(wine.as_sklearn()).keys()
    known = run("x = torch.zeros(14)\n" + held["PyTorch"])
    assert torch.equal(known["mean"], wine.mean.float())
    loaded = json.loads(held["JSON"])
    assert (loaded["mean"], loaded["names"]) == (wine.mean.tolist(), list(wine.names))
    assert loaded["std"][:-1] == wine.std(0).tolist()[:-1] and loaded["std"][-1] == 1.0
    keras = held["Keras"].replace("import keras\n", "").rpartition("layer = ")[0]
    assert run(keras)["variance"] == wine.var(0).tolist()


def images():
    found = normlab.measure(IMAGES)
    found.kind, found.scale, found.names = "images", "0-1", ("red", "green", "blue")
    return found


def test_the_line_for_torchvision_is_what_people_write():
    found = images()
    line = normalize_line(found)
    values = [[float(v) for v in part.split(",")] for part in re.findall(r"\[(.*?)\]", line)]
    np.testing.assert_allclose(values, [found.mean.tolist(), found.std(0).tolist()], atol=5e-5)
    assert re.fullmatch(
        r"transforms\.Normalize\(mean=\[0\.\d{4}(, 0\.\d{4}){2}\], std=\[0\.\d{4}(, 0\.\d{4}){2}\]\)",
        line,
    )
    assert snippets(found)[0].text == line


@pytest.mark.parametrize("name", [*NAMES, f'"""{CODE}', "]"])
def test_hostile_names_stay_names_in_every_snippet(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = normlab.measure(np.array([[1.0, 2.0], [3.0, 5.0]]))
    found.kind, found.names = "table", (name, "other")
    held = {snippet.title: snippet.text for snippet in snippets(found)}
    assert run(held["scikit-learn"])["scaler"].feature_names_in_.tolist() == [name, "other"]
    assert json.loads(held["JSON"])["names"] == [name, "other"]
    assert not list(tmp_path.iterdir())


def test_many_features_are_read_from_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = normlab.measure(np.random.default_rng(0).random((5, 200)))
    (snippet,) = snippets(found)
    found.save("stats.json")
    layer = run(snippet.text)["layer"]
    assert torch.equal(layer.mean, found.mean.float())
