"""A scene shows what torch's own layers give, with the operands that belong to it."""

import itertools
import json
import math

import pytest
import torch

from cases import assert_close
from normlab import normalize, table
from normlab.data import chapter_points
from normlab.explorer.conversation import Conversation
from normlab.explorer.model.normalising import misfit
from normlab.explorer.model.state import DATA

X = chapter_points().values.double()
DIGITS = 10.0**-5  # six significant digits, half a unit and what follows from several of them
FITTING = [
    pytest.param(name, data, id=f"{name}-{data}")
    for (name, row), data in itertools.product(table.items(), DATA)
    if data != "table" and not misfit(row, data)
]


def ask(page=None, **state):
    """The scene of a state, its arrays as tensors."""
    reply, buffers = (page or Conversation()).reply({"type": "scene", "seq": 1, "state": state})
    assert reply["type"] == "scene", reply
    json.dumps(reply, allow_nan=False)
    arrays = {
        told["name"]: torch.frombuffer(
            bytearray(buffer), dtype=torch.float64 if told["bytes"] == 8 else torch.float32
        ).view(told["shape"])
        for told, buffer in zip(reply["arrays"], buffers, strict=True)
    }
    return reply, arrays


def refused(**state):
    reply, _ = Conversation().reply({"type": "scene", "seq": 1, "state": state})
    assert reply["type"] == "refused"
    assert reply["controls"] and reply["rows"] and reply["data"]
    return reply["words"]


def torch_batches(size, x=X):
    layer = torch.nn.BatchNorm1d(2, track_running_stats=False, dtype=torch.float64)
    return torch.cat([layer(batch) for batch in x.split(size)]).detach()


def assert_running(reply, layer):
    for key, expected in (("mean", layer.running_mean), ("var", layer.running_var)):
        last = [line[-1] for line in reply["running"][key]]
        assert_close(torch.tensor(last, dtype=torch.float64), expected)


@pytest.mark.parametrize("size", [2, 8, 10, 128])
def test_batches_are_those_of_torchs_layer(size):
    _, arrays = ask(batch_size=size)
    assert_close(arrays["before"], X)
    # two points near one another, far from 0, lose digits in their difference
    spread = min(batch.std(0, correction=0).min() for batch in X.split(size)).item()
    lost = math.ceil(X.abs().max().item() / spread) ** 2
    assert_close(arrays["after"], torch_batches(size), pooled=max(64, lost))


@pytest.mark.parametrize(("norm", "data"), FITTING)
def test_the_first_sentence_is_true(norm, data):
    """Where it says mean 0 and spread 1, the pool of the selected element has them."""
    reply, arrays = ask(norm=norm, data=data, selected=[1, 0, 0], eps=1e-12)
    y, lead = arrays["after"].double(), reply["lead"]
    assert lead.endswith(".") and "{" not in lead
    first, last = reply["batches"]["slice"]
    cells = arrays["cells"].bool() if "cells" in arrays else None
    if "mean 0 and spread 1" in lead:
        pooled = y[first:last, 0] if data == "points" and "at a time" in lead else y[1]
        pooled = y[cells] if data in ("image", "sequence") else pooled
        assert pooled.mean().item() == pytest.approx(0, abs=1e-9)
        assert pooled.std(correction=0).item() == pytest.approx(1, abs=1e-6)
    elif "equally long" in lead:
        assert y.norm(dim=1).std().item() < 1e-6


def test_fixed_axes_follow_values_by_quarters_of_themselves():
    for mean in (-38.5, 300.0, -4000.0):
        reply, arrays = ask(mean=[mean, -5.0])
        (low, high), _ = reply["frames"]["before"]
        x = arrays["before"][:, 0]
        assert low <= x.min() and x.max() <= high
        assert list(reply["frames"]["moved"]) == ["before"]
        assert (high - low) / 32 in (1, 2, 4)
        assert ((low + high) / 2 - 10) / 8 == pytest.approx(round(((low + high) / 2 - 10) / 8))
    assert not ask()[0]["frames"]["moved"]


def test_the_way_from_before_to_after_is_torchs():
    weight, bias = [2.0, 0.5], [1.0, -1.0]
    _, arrays = ask(weight=weight, bias=bias)
    batches = X.split(8)
    centred = torch.cat([batch - batch.mean(0) for batch in batches])
    scale = [(batch.var(0, correction=0) + 1e-5).sqrt().expand_as(batch) for batch in batches]
    assert_close(arrays["centred"], centred.float(), pooled=64)
    assert_close(arrays["scaled"], (centred / torch.cat(scale)).float(), pooled=64)
    _, plain = ask()
    assert "scaled" not in plain  # it is what comes out


def test_numbers_whose_squares_a_float64_holds_are_taken():
    page = Conversation()
    text = "a,b\n1e150,1\n-1e150,2\n3e149,5\n"
    key = page.reply({"type": "table", "seq": 1, "text": text, "name": ""})[0]["key"]
    _, arrays = ask(page, data="table", table=key, norm="batch")
    x = arrays["before"][:, 0] / 1e150
    assert_close(arrays["after"][:, 0], (x - x.mean()) / x.std(correction=0), pooled=64)


@pytest.mark.parametrize("momentum", [0.1, 0.0, 1.0, None])
@pytest.mark.parametrize("size", [8, 30])
def test_running_statistics_are_those_of_torchs_layer(size, momentum):
    layer = torch.nn.BatchNorm1d(2, momentum=momentum, dtype=torch.float64)
    batches = X.split(size)
    for step in range(21):
        layer(batches[step % len(batches)])
    reply, arrays = ask(batch_size=size, momentum=momentum, step=21, mode="eval")
    running = {
        key: torch.tensor(reply["running"][key], dtype=torch.float64)[:, -1]
        for key in ("mean", "var")
    }
    assert_close(running["mean"], layer.running_mean)
    assert_close(running["var"], layer.running_var)
    assert_close(arrays["after"], layer.eval()(X), pooled=512)
    assert len(reply["running"]["mean"][0]) == 22


def test_the_chapters_numbers():
    reply, _ = ask(step=16)
    values = [column["values"] for column in reply["formula"]["operands"]]
    assert [round(v["x"], 3) for v in values] == [5.497, -6.152]
    assert [round(v["y"], 3) for v in values] == [-1.904, -0.751]
    assert [round(line[-1], 3) for line in reply["running"]["mean"]] == [8.332, -4.083]
    assert [round(line[-1], 3) for line in reply["running"]["var"]] == [10.971, 0.907]


LAYERS = {
    "layer": lambda x: torch.nn.functional.layer_norm(x, x.shape[1:]),
    "rms": lambda x: torch.nn.functional.rms_norm(x, x.shape[1:], eps=2.0**-23),
    "l2": lambda x: torch.nn.functional.normalize(x.flatten(1)).view_as(x),
    "group": lambda x: torch.nn.functional.group_norm(x, 1),
    "local_response": lambda x: torch.nn.functional.local_response_norm(x, 5),
    "instance": torch.nn.functional.instance_norm,
}


@pytest.mark.parametrize("data", ["points", "image", "sequence"])
@pytest.mark.parametrize("norm", LAYERS)
def test_other_rows_are_torchs_functions(norm, data):
    if norm == "instance" and data == "points":
        assert "cannot normalise this" in refused(norm=norm, data=data)
        return
    reply, arrays = ask(norm=norm, data=data)
    x = arrays["before"].view(reply["data"]["shape"])
    if norm == "local_response" and data == "points":
        expected = LAYERS[norm](x[..., None])[..., 0]
    else:
        expected = LAYERS[norm](x)
    assert_close(arrays["after"].view_as(x), expected, pooled=x[0].numel())


def from_operands(row, v):
    """The equation by hand, from the numbers of one element."""
    n, m, p = (v[c] if isinstance(c, str) else c for c in (row.n, row.m, row.p))
    p = 1 / n if p is None else p
    d = v["x"] - v["center"] if row.center else v["x"]
    sigma = v[row.sigma.setting]
    if row.sigma.placement == "clamp":
        scale = max(v["pool"] ** p, sigma)
    else:
        scale = ((sigma**n if row.sigma.raised else sigma) + v["pool"]) ** p
    y = v.get("weight", 1.0) * math.copysign(abs(d) ** m, d) / scale + v.get("bias", 0.0)
    return scale, y


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize(("norm", "data"), FITTING)
def test_the_operands_give_what_is_drawn(norm, data, mode):
    state = {"norm": norm, "data": data, "mode": mode, "step": 3, "selected": [0, 1, 5]}
    state |= {"weight": [1.5, 0.5], "bias": [0.25, -1.0], "pool_cross": 0.2}
    reply, arrays = ask(**state)
    for i, column in enumerate(reply["formula"]["operands"]):
        values = column["values"]
        scale, y = from_operands(table[norm], values)
        assert values["scale"] == pytest.approx(scale, rel=1e-12)
        assert values["y"] == pytest.approx(y, rel=1e-9, abs=1e-12)
        shown = {name: float(text.replace("−", "-")) for name, text in column["shown"].items()}
        assert shown == pytest.approx(values, rel=DIGITS)
        cell = reply["cell"]
        flat = arrays["after"][cell[0]]
        drawn = (
            flat[i]
            if reply["data"]["view"] == "cloud"
            else flat.view(reply["data"]["shape"][1:])[tuple(cell[1:])]
        )
        assert drawn.item() == pytest.approx(values["y"], rel=1e-6)


@pytest.mark.parametrize(
    ("norm", "data"), [param for param in FITTING if param.values[1] in ("image", "bank")]
)
def test_the_lit_cells_are_those_of_the_pool(norm, data):
    settings = {"num_groups": 2} if norm == "group" else {}
    reply, arrays = ask(norm=norm, data=data, selected=[0, 3, 9], pool_cross=0.3, **settings)
    shape = tuple(reply["data"]["shape"])
    if norm in ("gdn", "gdn1"):
        weights = torch.full((shape[1],) * 2, 0.3, dtype=torch.float64).fill_diagonal_(0.1)
        settings = {"pool_weight": weights}
    expected = reference_cells(norm, shape, tuple(reply["cell"]), settings)
    lit = arrays["cells"].flatten(2).reshape(shape)
    assert (lit > 0).equal(expected > 0)
    assert_close(lit.double(), expected / expected.max(), dtype=torch.float32)


def reference_cells(norm, shape, cell, settings):
    """What each element of its sample adds to the pool of one: 1, to any power, in place of 0."""
    zero = (
        torch.zeros(1, *shape[1:], dtype=torch.float64)
        if norm != "batch"
        else torch.zeros(shape).double()
    )
    found = torch.zeros(shape, dtype=torch.float64)
    for i in range(zero.numel()):
        one = zero.clone()
        one.view(-1)[i] = 1.0
        pool = normalize(zero, norm, pool_input=one, **settings).pool
        found.view(-1)[i] = pool.expand(zero.shape)[cell]
    return found


def test_in_evaluation_no_cell_is_pooled():
    reply, arrays = ask(mode="eval", step=2)
    assert reply["cells"]["pooled"] == 0
    assert not arrays["cells"].any()
    assert all(sum(h["after"]["batch"]) == 0 for h in reply["histograms"])


def test_histograms_count_every_value_once():
    reply, arrays = ask(frame="fixed", weight=[3.0, 3.0])
    for i, found in enumerate(reply["histograms"]):
        for stage in ("before", "after"):
            part = found[stage]
            assert sum(part["all"]) + part["outside"] == 128
            inside = arrays[stage][:8, i]
            within = ((inside >= part["low"]) & (inside <= part["high"])).sum()
            assert sum(part["batch"]) == within
    assert any(found["after"]["outside"] for found in reply["histograms"])


def test_fixed_axes_stay_and_automatic_ones_follow():
    frames = {
        frame: [ask(frame=frame, weight=[w, w])[0]["frames"]["after"] for w in (1.0, 3.0)]
        for frame in ("fixed", "auto")
    }
    assert frames["fixed"][0] == frames["fixed"][1]
    assert frames["auto"][1][0][1] == pytest.approx(3 * frames["auto"][0][0][1])
    shared = ask(frame="shared")[0]["frames"]
    assert shared["before"] == shared["after"]


def test_batches_of_one_are_torchs_error_explained():
    words = refused(batch_size=1)
    assert "Expected more than 1 value per channel when training, got input size" in words
    assert "Choose another batch size" in words


def test_a_last_batch_of_one_is_left_out_and_told():
    reply, arrays = ask(batch_size=127, selected=[127, 0, 0])
    assert "Expected more than 1 value per channel when training" in reply["warning"]
    assert arrays["after"][-1].isnan().all()
    assert_close(arrays["after"][:-1], torch_batches(127, X[:-1]), pooled=4096)
    assert [column["values"]["y"] for column in reply["formula"]["operands"]] == [None, None]
    assert "nan" not in reply["status"].lower()


def test_a_last_batch_of_one_moves_no_running_statistics():
    reply, _ = ask(batch_size=127, mode="eval", step=4)
    layer = torch.nn.BatchNorm1d(2, dtype=torch.float64)
    for _ in range(2):  # torch takes only every other step
        layer(X[:127])
    assert "Expected more than 1 value" in reply["warning"]
    assert_running(reply, layer)


def test_evaluation_needs_no_batch_that_it_has_not_seen():
    reply, _ = ask(batch_size=127, mode="eval", step=1)
    assert (reply["batches"]["last"], reply["warning"]) == (1, "")


def test_too_few_points_are_told_and_the_controls_stay():
    words = refused(n=3, edits={"deleted": [0, 1]})
    assert words == "Fewer than 2 points are left: undo your changes, or choose other data."


def test_constant_features_and_zero_eps_draw_no_number_that_json_lacks():
    reply, arrays = ask(scale=[0.0, 1.0], eps=0.0)
    assert arrays["after"][:, 0].isnan().all()
    assert reply["formula"]["operands"][0]["values"]["y"] is None
