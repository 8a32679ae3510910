"""A running explorer for all tests of this folder, and pages of it."""

import pytest
from exported import made
from pages import BEEN, UNFOLD, Open
from serving import explorer
from watching import Pages, contexts

from browsing import expect


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


@pytest.fixture(scope="module")
def pages(browser):
    """The pages of a file's tests, each loaded anew for the next one: a new context takes twice as long."""
    with contexts(browser) as open_:
        yield Pages(open_)


@pytest.fixture
def at(running, opened, pages):
    """An explorer of its own at a state, as in `at(norm="layer")`; `script` runs before its page's own."""

    def at_(options=None, script="", first=False, **state):
        options = options or {}
        own = script or first
        watched = opened(**options) if own else pages.take(options)
        return Open(watched, running.address, script=script, first=first, **state)

    yield at_
    pages.give_back()


@pytest.fixture(scope="module")
def shared(running, browser):
    """One explorer for the tests of a file that each go on to a state of their own."""
    with contexts(browser) as open_:
        yield Open(open_(), running.address)


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """The file that `normlab explore --export` writes."""
    return made(tmp_path_factory)


@pytest.fixture(scope="module")
def open_file(browser, exported):
    """Opens that file in a browser that has no network; nothing but the file is ever asked for."""
    held = []
    with contexts(browser) as open_:

        def opened(**options):
            watched = open_(**options)
            held.append(watched)
            watched.page.context.set_offline(True)
            watched.page.add_init_script(BEEN)
            watched.page.goto(exported.as_uri())
            expect(watched.page.locator(".status")).to_contain_text("128 rows")
            watched.page.evaluate(UNFOLD)
            return watched.page

        yield opened
        for watched in held:
            asked_for = [
                each for each in watched.requests if not each.startswith("blob:")
            ]  # its own
            assert asked_for == [exported.as_uri()]
            assert watched.complaints == []


@pytest.fixture(scope="module")
def page(open_file):
    """One of it for the tests that begin with a preset or kind of data of their own."""
    return open_file()
