"""What every layer beside the table does alike: derivatives, dtypes, masks, layouts, copies, transforms."""

import copy
import pickle

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.export import export
from torch.func import functional_call, stack_module_state, vmap
from torch.utils.checkpoint import checkpoint

from cases import assert_all_close, assert_close, buffers, by_mode, example, run
from normlab.errors import TransformError
from normlab.nn import beyond

SHAPE = (4, 4, 3)

# sigma and eps large enough for finite differences; renorm's limits so narrow that r and d, through which
# no gradient is meant to pass, do not depend on x
LAYERS = {
    "FilterResponseNorm": lambda c: beyond.FilterResponseNorm(c, eps=1e-3),
    "FilterResponseNorm, learned eps": lambda c: beyond.FilterResponseNorm(c, learn_eps=True),
    "GlobalResponseNorm": lambda c: beyond.GlobalResponseNorm(c, eps=0.5),
    "PositionalNorm": lambda c: beyond.PositionalNorm(c, eps=1e-3),
    "ScaleNorm": lambda c: beyond.ScaleNorm(3, eps=1e-2),
    "DynamicTanh": lambda c: beyond.DynamicTanh(c),
    "GhostBatchNorm": lambda c: beyond.GhostBatchNorm(c, 2, eps=1e-3),
    "FrozenBatchNorm": lambda c: beyond.FrozenBatchNorm(c, eps=1e-3),
    "BatchRenorm": lambda c: beyond.BatchRenorm(c, eps=1e-3, rmax=1.001, dmax=1e-3, schedule=None),
}
UPDATED = {"GhostBatchNorm": 2, "BatchRenorm": 1}
by_name = pytest.mark.parametrize("name", LAYERS)


def layer_of(name, channels=4, dtype=torch.float64, seed=0):
    """The layer, its parameters and running statistics positive and all different."""
    layer = LAYERS[name](channels).to(dtype)
    for value in layer.state_dict().values():
        if value.is_floating_point():
            seed += 10
            value.copy_(0.3 + 0.5 * example(value.shape, seed).abs())
    return layer


def with_zeros():
    x = example(SHAPE)
    x[0, 0], x[1, 2, 1] = 0.0, 0.0
    return x


def with_a_zero_sample():
    x = example(SHAPE)
    x[0] = 0.0
    return x


X = {"random": lambda: example(SHAPE), "zeros": with_zeros, "a zero sample": with_a_zero_sample}


def as_function(layer):
    """The layer as a function of x and of every parameter, with values to take it at."""
    names = [name for name, _ in layer.named_parameters()]
    kept = {name: value.clone() for name, value in layer.named_buffers()}

    def y(x, *parameters):
        state = dict(zip(names, parameters, strict=True))
        return functional_call(layer, (state, {n: v.clone() for n, v in kept.items()}), (x,))

    return y, [value.detach().clone().requires_grad_() for value in layer.parameters()]


@by_name
@by_mode
@pytest.mark.parametrize("make", X.values(), ids=X)
def test_first_derivatives(name, make, training):
    y, parameters = as_function(layer_of(name).train(training))
    assert gradcheck(y, (make().requires_grad_(), *parameters))


@by_name
@by_mode
def test_second_derivatives(name, training):
    y, parameters = as_function(layer_of(name).train(training))
    outputs = torch.ones(SHAPE).double().requires_grad_()
    assert gradgradcheck(y, (example(SHAPE).requires_grad_(), *parameters), grad_outputs=outputs)


@by_name
@by_mode
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_input_is_computed_in_float32(name, dtype, training):
    x = (2.0 * example(SHAPE) + 0.5).to(dtype)
    layer = layer_of(name, dtype=torch.float32).train(training)
    exact = layer_of(name, dtype=torch.float32).double().train(training)
    y, expected = layer(x), exact(x.double())
    assert y.dtype == dtype
    assert_close(y.double(), expected.to(dtype).double(), pooled=1, dtype=dtype)
    assert bool(((y - expected).abs() <= torch.finfo(dtype).eps * expected.abs() + 1e-4).all())
    assert_all_close(buffers(layer), buffers(exact), dtype=torch.float32)


@by_name
@by_mode
def test_autocast_changes_nothing_of_float32(name, training):
    x = example(SHAPE, dtype=torch.float32)
    plain, layer = (layer_of(name, dtype=torch.float32).train(training) for _ in range(2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = run(layer, x)
    expected = run(plain, x)
    assert all(torch.equal(mine, other) for mine, other in zip(found, expected, strict=True))


@by_name
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_half_layer_keeps_the_dtype(name, dtype):
    layer = layer_of(name, dtype=dtype)
    assert layer(example(SHAPE).to(dtype)).dtype == dtype
    assert all(value.dtype in (dtype, torch.int64) for value in layer.state_dict().values())


@by_name
@by_mode
@pytest.mark.parametrize(
    ("shape", "layout"),
    [((4, 8, 5, 3), torch.channels_last), ((4, 8, 2, 5, 3), torch.channels_last_3d)],
    ids=["4d", "5d"],
)
def test_the_layout_stays(name, shape, layout, training):
    layer, twin = (layer_of(name, 8).train(training) for _ in range(2))
    y, expected = layer(example(shape).to(memory_format=layout)), twin(example(shape))
    assert y.is_contiguous(memory_format=layout) and expected.is_contiguous()
    assert_close(y, expected)


@by_name
@by_mode
def test_what_is_masked_might_as_well_not_be_there(name, training):
    """The last places of every sample hold NaN: as if the layer had been given the first ones alone."""
    layer, twin = (layer_of(name).train(training) for _ in range(2))
    valid = torch.arange(5) < 3
    x = torch.where(valid, example((4, 4, 5)), torch.nan).requires_grad_()
    if name == "ScaleNorm":  # its places are the last dimension
        layer, twin = beyond.ScaleNorm(5).double(), beyond.ScaleNorm(3).double()
        twin.load_state_dict(layer.state_dict())
    y = layer(x, mask=valid.expand(4, 4, 5))
    expected = twin(x.detach()[..., :3])
    assert_close(y[..., :3], expected)
    assert bool((y[..., 3:] == 0).all())
    (y**2).sum().backward()
    assert bool((x.grad[..., 3:] == 0).all()) and not bool(x.grad.isnan().any())
    assert_all_close(buffers(layer), buffers(twin))


@by_name
def test_an_empty_batch_changes_nothing(name):
    layer = layer_of(name)
    before = buffers(layer)[:2]
    assert layer(example((0, 4, 3))).shape == (0, 4, 3)
    assert_all_close(buffers(layer)[:2], before)


@by_name
def test_copies_pickles_and_state_dicts(name):
    layer, blank, x = layer_of(name).eval(), LAYERS[name](4).double().eval(), example(SHAPE)
    blank.load_state_dict(layer.state_dict(), strict=True)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), blank):
        assert torch.equal(twin(x), layer(x))
        assert repr(twin) == repr(layer)


@by_name
def test_a_layer_made_on_meta_starts_as_any_other(name):
    with torch.device("meta"):
        empty = LAYERS[name](4)
    assert all(value.is_meta for value in empty.state_dict().values())
    assert empty(torch.empty(SHAPE, device="meta")).shape == SHAPE
    layer, fresh = empty.to_empty(device="cpu"), LAYERS[name](4)
    layer.reset_parameters()
    for mine, other in zip(layer.state_dict().values(), fresh.state_dict().values(), strict=True):
        assert torch.equal(mine, other)


@by_name
@by_mode
def test_an_ensemble_is_a_loop_over_its_members(name, training):
    members = [layer_of(name, seed=seed).train(training) for seed in range(3)]
    state, x = stack_module_state(members), example((3, *SHAPE))
    blank = copy.deepcopy(members[0]).to("meta")
    y = vmap(lambda p, b, x: functional_call(blank, (p, b), (x,)))(*state, x)
    assert_all_close(y, [member(own) for member, own in zip(members, x, strict=True)])
    for key, value in state[1].items():
        assert_all_close(value, [member.get_buffer(key) for member in members])


@pytest.mark.parametrize("name", UPDATED)
def test_a_captured_statistic_is_refused(name):
    with pytest.raises(TransformError, match=rf"^{name}\(.*functional_call"):
        vmap(layer_of(name))(example((3, *SHAPE)))


@by_name
@by_mode
@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpoint_changes_nothing(name, reentrant, training):
    plain, layer = (layer_of(name).train(training) for _ in range(2))

    class Checkpointed(type(layer)):
        def forward(self, x):
            return checkpoint(super().forward, x, use_reentrant=reentrant)

    layer.__class__ = Checkpointed
    assert_all_close(run(layer, example(SHAPE)), run(plain, example(SHAPE)))
    assert_all_close(buffers(layer), buffers(plain))
    if name in UPDATED and training:
        assert layer.num_batches_tracked == UPDATED[name]


@pytest.fixture
def _forget():
    """Compiled code of other tests would count as recompilation."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()


WARNS = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")


@WARNS
@pytest.mark.usefixtures("_forget")
@by_name
@by_mode
def test_one_graph(name, training):
    plain, layer = (layer_of(name).train(training) for _ in range(2))
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager", dynamic=False)
    for seed in range(2):
        assert_all_close(run(compiled, example(SHAPE, seed)), run(plain, example(SHAPE, seed)))
    assert_all_close(buffers(layer), buffers(plain))


@by_name
def test_the_exported_program_is_the_layer(name):
    layer = layer_of(name).eval()
    program = export(layer, (example(SHAPE),)).module()
    assert_close(program(example(SHAPE, 1)), layer(example(SHAPE, 1)))


@WARNS
@pytest.mark.usefixtures("_forget")
def test_a_standardised_convolution_compiles_and_copies():
    conv = beyond.standardize_weights(torch.nn.Conv1d(4, 2, 2).double())
    x = example(SHAPE)
    compiled = torch.compile(conv, fullgraph=True, backend="aot_eager", dynamic=False)
    assert_all_close(run(compiled, x), run(conv, x))
    assert torch.equal(copy.deepcopy(conv)(x), conv(x))
    other = beyond.standardize_weights(torch.nn.Conv1d(4, 2, 2).double())
    other.load_state_dict(conv.state_dict(), strict=True)
    assert torch.equal(other(x), conv(x))


def test_derivatives_of_a_standardised_weight():
    for way in (beyond.WeightStandardization(1e-3), beyond.WeightStandardization(1e-3, dim=1)):
        assert gradcheck(way, (example((3, 4, 2)).requires_grad_(),))
        assert gradcheck(way, (torch.zeros(3, 4, 2).double().requires_grad_(),))
