"""Modules loaded without the garbage collector, which goes on as it was afterwards."""

import gc

import pytest

from normlab.system.collecting import loading, paused


@pytest.fixture
def collector():
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_as_it_was_and_what_was_made_is_kept_from_it(collector, on):
    (gc.enable if on else gc.disable)()
    before = gc.get_freeze_count()
    with loading():
        assert not gc.isenabled()
        made = [{} for _ in range(100)]
    assert gc.isenabled() is on
    assert gc.get_freeze_count() >= before + len(made)


@pytest.mark.parametrize("on", [True, False])
def test_a_pause_ends_with_its_block_even_by_an_error(collector, on):
    (gc.enable if on else gc.disable)()
    frozen = gc.get_freeze_count()
    seen = []

    def fail():
        with paused():
            seen.append(gc.isenabled())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert seen == [False]
    assert gc.isenabled() is on
    assert gc.get_freeze_count() == frozen
