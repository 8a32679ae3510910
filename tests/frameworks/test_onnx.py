"""ONNX: every fact of the table, by its reference evaluator and by onnxruntime."""

import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator
from parity import agree, data, facts, positive, versions_are

from normlab.conventions.frameworks import find
from normlab.interop import from_onnx
from normlab.nn import LocalResponseNorm

OPSET = 23


def model(operator, names, outputs=1, opset=OPSET, **attributes):
    made = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(operator, names, made, **attributes)
    values = [
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in some]
        for some in (names, made)
    ]
    graph = helper.make_graph([node], "graph", *values)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def by_reference(model, given):
    return ReferenceEvaluator(model).run(None, given)


def by_runtime(model, given):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, given)


ENGINES = {"reference": by_reference, "onnxruntime": by_runtime}
by_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
C, SPACE = (6,), (3, 5)
OPERATORS = {
    "batch": (("scale", "B", "input_mean", "input_var"), C, {"epsilon": 0.2}),
    "layer": (("Scale", "B"), SPACE, {"epsilon": 0.2, "axis": -2}),
    "instance": (("scale", "B"), C, {"epsilon": 0.2}),
    "group": (("scale", "bias"), C, {"epsilon": 0.2, "num_groups": 3}),
    "rms": (("scale",), SPACE, {"epsilon": 0.2, "axis": -2}),
}


def operator(row):
    return find("onnx", row).layer.split()[0]


def test_versions():
    versions_are("onnx")


@pytest.mark.parametrize("row", [*OPERATORS, "local_response"])
def test_defaults(row):
    convention = find("onnx", row)
    attributes = onnx.defs.get_schema(operator(row)).attributes
    found = {
        n: helper.get_attribute_value(a.default_value)
        for n, a in attributes.items()
        if not a.required
    }
    table = {word.name: word.default for word in convention.words if word.name in attributes}
    assert set(table) == set(attributes)
    assert {n: table[n] for n in found} == pytest.approx(found)
    required = {word.name for word in convention.words if word.required and not word.array}
    assert required == set(attributes) - set(found)


@by_engine
@pytest.mark.parametrize("row", OPERATORS)
def test_its_operators(row, engine):
    names, shape, settings = OPERATORS[row]
    x, arrays = data(), positive(*names, shape=shape)
    (expected,) = engine(model(operator(row), ["x", *names], **settings), {"x": x} | arrays)
    agree(from_onnx(row, **settings, **arrays).eval(), x, expected)


@by_engine
def test_layer_without_bias(engine):
    x, arrays = data(), positive("Scale", shape=SPACE)
    (expected,) = engine(model("LayerNormalization", ["x", "Scale"], axis=-2), {"x": x} | arrays)
    made = from_onnx("layer", axis=-2, **arrays)
    assert made.bias is None
    agree(made, x, expected)


@by_engine
def test_momentum_and_running_variance(engine):
    names = OPERATORS["batch"][0]
    x, arrays = data(), positive(*names)
    settings = {"momentum": 0.7, "epsilon": 0.2, "training_mode": 1}
    made = from_onnx("batch", **settings, **arrays)
    net = model("BatchNormalization", ["x", *names], 3, **settings)
    expected, mean, var = engine(net, {"x": x} | arrays)
    assert made.training
    agree(made, x, expected)
    assert facts(arrays["input_var"], var, x, made.momentum) == find("onnx", "batch").running
    assert np.allclose(made.running_mean, mean, rtol=1e-5)


LRN = {"alpha": 0.3, "beta": 0.6, "bias": 2.0}


@by_engine
def test_local_response(engine):
    """As many samples as channels: the reference evaluator takes one for the other."""
    x = data((6, 6, 3, 5))
    (expected,) = engine(model("LRN", ["x"], size=3, **LRN), {"x": x})
    agree(from_onnx("local_response", size=3, **LRN), x, expected)


def test_an_even_window_reaches_further_after():
    x = data((6, 6, 3, 5))
    (expected,) = by_reference(model("LRN", ["x"], size=4, **LRN), {"x": x})
    ours = LocalResponseNorm(4, 0.3, 0.6, 2.0)
    agree(lambda x: ours(x.flip(1)).flip(1), x, expected)
    with pytest.raises(AssertionError):
        agree(ours, x, expected)
    with pytest.raises(ValueError, match="size=4 given, but it must be odd"):
        from_onnx("local_response", size=4, **LRN)


def test_onnxruntime_refuses_an_even_window():
    with pytest.raises(Exception, match="size_ % 2 == 1 was false"):
        by_runtime(model("LRN", ["x"], size=4, **LRN), {"x": data()})


def test_the_reference_evaluator_takes_samples_for_channels():
    """The note in the table can go once this fails."""
    x = data()
    (expected,) = by_reference(model("LRN", ["x"], size=3, **LRN), {"x": x})
    with pytest.raises(AssertionError):
        agree(from_onnx("local_response", size=3, **LRN), x, expected)


def node_cases():
    """ONNX's own test cases of one node that is one of the six operators, with what it makes of them."""
    rows = {operator(row): row for row in [*OPERATORS, "local_response"]}
    with warnings.catch_warnings(action="ignore"):  # of other operators' cases, made with them
        cases = collect_testcases(None)
    for case in cases:
        nodes = case.model.graph.node
        if len(nodes) == 1 and nodes[0].op_type in rows:
            yield pytest.param(rows[nodes[0].op_type], case, id=case.name)


@pytest.mark.parametrize(("row", "case"), list(node_cases()))
def test_onnx_own_test_cases(row, case):
    node = case.model.graph.node[0]
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    opset = next(entry.version for entry in case.model.opset_import if not entry.domain)
    names = [value.name for value in onnx.defs.get_schema(node.op_type, opset).inputs]
    for given, expected in case.data_sets:
        x, *arrays = (np.asarray(value) for value in given)
        layer = from_onnx(row, **attributes, **dict(zip(names[1:], arrays, strict=False)))
        agree(layer, x, expected[0])
