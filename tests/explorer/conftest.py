"""A running explorer for all tests of this folder, and pages that tell what they asked and complained of."""

import contextlib
from dataclasses import dataclass, field

import pytest
from pages import Open
from playwright.sync_api import Page
from serving import explorer


@pytest.fixture(scope="session")
def running():
    """`normlab explore`, a real process, shared by the tests of this worker."""
    with explorer() as started:
        yield started


@dataclass
class Watched:
    """A page, with every address that it asked for and every complaint of the console."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@contextlib.contextmanager
def contexts(browser):
    """Opens an address in a browser context of its own, watched; closed at the end of the block."""
    held = []

    def open_(address="", **options):
        held.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options))
        watched = Watched(held[-1].new_page())
        if address:
            watched.page.goto(address)
        return watched

    yield open_
    for context in held:
        context.close()


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
