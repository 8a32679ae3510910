"""GDN takes CompressAI's weights: its formula, written here by hand, is the oracle."""

import pytest
import torch
import torch.nn.functional as F

from normlab import nn

C, PEDESTAL = 16, 2.0**-36
FORMS = {
    "gdn": (2, False),
    "igdn": (2, True),
    "gdn1": (1, False),
    "igdn1": (1, True),
}
by_form = pytest.mark.parametrize(("power", "inverse"), FORMS.values(), ids=FORMS)


def random(*shape, seed):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def stored(beta_min=1e-6):
    """A state_dict; some numbers lie below their bounds, as training leaves them."""
    beta, gamma = random(C, seed=0) + 0.2, 0.1 * torch.eye(C) + 0.05 * random(C, C, seed=1)
    state = {"beta": (beta + PEDESTAL).sqrt(), "gamma": (gamma + PEDESTAL).sqrt()}
    state["beta"][0] = -0.3
    state["gamma"][1, 2] = -0.1
    for name, least in (("beta", beta_min), ("gamma", 0.0)):
        state[f"{name}_reparam.pedestal"] = torch.tensor([PEDESTAL])
        bound = torch.tensor([(least + PEDESTAL) ** 0.5])
        state[f"{name}_reparam.lower_bound.bound"] = bound
    return state


def used(state, name):
    bounded = torch.maximum(state[name], state[f"{name}_reparam.lower_bound.bound"])
    return bounded**2 - state[f"{name}_reparam.pedestal"]


def theirs(x, state, power, inverse):
    beta, gamma = (used(state, name) for name in ("beta", "gamma"))
    pooled = x**2 if power == 2 else x.abs()
    s = F.conv2d(pooled, gamma.reshape(C, C, 1, 1).to(x), beta.to(x))
    scale = s.sqrt() if power == 2 else s
    return x * scale if inverse else x / scale


@by_form
@pytest.mark.parametrize("beta_min", [1e-6, 0.01])
def test_loaded_weights_give_its_values(power, inverse, beta_min):
    """Within rounding of float32, since sums over channels may run in another order."""
    x, state = 3.0 * random(2, C, 5, 7, seed=2) - 1.5, stored(beta_min)
    layer = nn.GDN(C, simplified=power == 1, inverse=inverse)
    layer.load_state_dict(state)
    expected = theirs(x.double(), state, power, inverse)
    tolerance = 8 * torch.finfo(torch.float32).eps * expected.abs().max()
    assert (layer(x).double() - expected).abs().max() <= tolerance
    assert (layer(x) - theirs(x, state, power, inverse)).abs().max() <= tolerance


@by_form
def test_the_parameters_are_its_own_to_the_last_bit(power, inverse):
    """γ everywhere, β where a float32 number has it as its square."""
    state = stored()
    layer = nn.GDN(C, simplified=power == 1, inverse=inverse)
    layer.load_state_dict(state)
    assert torch.equal(layer.pool_weight, used(state, "gamma"))
    beta, spacing = used(state, "beta"), torch.finfo(torch.float32).eps
    off = (layer.sigma**power - beta).abs() / beta
    assert bool((off <= (2 * spacing if power == 2 else 0.0)).all())
    exact = state["beta"] ** 2 == beta
    assert torch.equal((layer.sigma**power)[exact], beta[exact]) and bool(exact.any())


def test_in_the_state_of_a_model_and_without_the_buffers():
    """Older checkpoints hold β and γ alone; what was loaded is trained and saved by our names."""
    state = {f"1.{name}": value for name, value in stored().items() if "reparam" not in name}
    model = torch.nn.Sequential(torch.nn.Identity(), nn.GDN(C))
    model.load_state_dict(state)
    assert set(model.state_dict()) == {"1.raw_sigma", "1.raw_pool_weight"}
    assert set(state) == {"1.beta", "1.gamma"}
    assert torch.equal(model[1].pool_weight, used(stored(), "gamma"))
    again = nn.GDN(C)
    again.load_state_dict(model[1].state_dict())
    assert torch.equal(again.sigma, model[1].sigma)


def test_weights_of_another_size_are_refused_as_by_torch():
    with pytest.raises(RuntimeError, match="size mismatch for raw_sigma"):
        nn.GDN(C + 1).load_state_dict(stored())
