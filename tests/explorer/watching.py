"""Pages that tell what they asked for and complained of."""

import contextlib
from dataclasses import dataclass, field

from playwright.sync_api import Page

from browsing import ACTION, PATIENCE, REST


@dataclass
class Watched:
    """A page, with every address that it asked for and every complaint of the console."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    prepared: bool = False  # whether its scripts were added

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
        held[-1].set_default_timeout(ACTION)
        held[-1].set_default_navigation_timeout(PATIENCE)
        held[-1].add_init_script(REST)
        watched = Watched(held[-1].new_page())
        if address:
            watched.page.goto(address)
        return watched

    yield open_
    for context in held:
        context.close()


class Pages:
    """Pages that are used one after the other by tests that each find one as if it were new."""

    def __init__(self, open_):
        self.open, self.free, self.used = open_, [], []

    def take(self, options):
        """A page that nothing is kept of: neither storage, nor history, nor what was heard of it."""
        found = next((each for each in self.free if each[0] == options), None)
        if found:
            self.free.remove(found)
        else:
            found = options, self.open(**options)
        self.used.append(found)
        return found[1]

    def give_back(self):
        """An empty page waits for the next test: one that moves would keep the machine busy."""
        kept = [each for each in self.used if not each[1].page.is_closed()]
        self.used.clear()
        for options, watched in kept:
            self._forget(watched, options)
        self.free += kept

    def _forget(self, watched, options):
        page = watched.page
        page.evaluate("try { localStorage.clear(); sessionStorage.clear(); } catch {}")
        held = {name: options.get(name, "null") for name in ("color_scheme", "reduced_motion")}
        page.emulate_media(**held)
        page.mouse.move(0, 0)
        page.goto("about:blank")
        watched.requests.clear()
        watched.complaints.clear()
