"""Layers of other libraries: each is recognised or said not to be, and none is alarmed."""

import pytest
import torch
from modules import REAL, drawn, random

import normlab
from normlab.recognition import recognise

SEEDS = 20
LARGE = (0, 1)  # of ten seeds, those with an input so large that threads share it


@pytest.fixture
def threads():
    """Sets how many there are; as before at the end."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", REAL)
def test_no_alarm_and_the_same_words_for_every_seed_and_for_one_thread_and_two(name, threads):
    real = REAL[name]
    for seed in range(SEEDS):
        threads(1 + seed % 2)
        shape = (12 * real.shape[0], *real.shape[1:]) if seed % 10 in LARGE else real.shape
        found = normlab.check(drawn(real.make(), seed), random(shape, seed))
        differs = {f.check for f in found.findings if f.outcome == "differs"}
        assert found.words == real.words or not (found.recognised or real.words), str(found)
        assert not differs, f"seed {seed}: {found}"


@pytest.mark.parametrize("name", [name for name, real in REAL.items() if real.words])
def test_recognised_without_an_input_too_and_left_as_it_is(name):
    module = drawn(REAL[name].make(), 0).eval()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    state = torch.get_rng_state()
    found = recognise(module)
    assert found is not None and found.words == REAL[name].words
    assert torch.equal(state, torch.get_rng_state()) and not module.training
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
