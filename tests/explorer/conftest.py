"""A running explorer for all tests of this folder, and pages of it."""

import pytest
from pages import Open
from serving import explorer
from watching import contexts


@pytest.fixture(scope="session")
def running():
    """`normlab explore`, a real process, shared by the tests of this worker."""
    with explorer() as started:
        yield started


@pytest.fixture
def opened(browser):
    """Opens an address in a browser context of its own, watched; closed when the test is over."""
    with contexts(browser) as open_:
        yield open_


@pytest.fixture
def at(running, opened):
    """An explorer of its own at a state, as in `at(norm="layer")`; `script` runs before its page's own."""

    def at_(options=None, **state):
        return Open(opened(**options or {}), running.address, **state)

    return at_


@pytest.fixture(scope="module")
def shared(running, browser):
    """One explorer for the tests of a file that each go on to a state of their own."""
    with contexts(browser) as open_:
        yield Open(open_(), running.address)
