"""Debian's Chromium, without a window, for the tests of pages.

What is waited for fails as soon as the page is at rest: no answer is awaited, and in
many frames nothing changed. Both are counted by the page itself, so that a busy machine fails nothing.
"""

import contextlib
import shutil

from playwright.sync_api import Error, sync_playwright
from playwright.sync_api import expect as patient

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PATIENCE = 60_000  # milliseconds, after which what is waited for will never come
ACTION = 60_000  # and after which what is to be clicked will never be there
LOOK = 1_000  # milliseconds between two looks at whether the page is at rest
RESTED = 240  # frames without a change
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# how many frames a page has drawn since anything in it changed, and whether its line to Python is at rest.
# They are counted once somebody asks: a page that draws sixty a second for nothing keeps others waiting.
REST = """(() => {
  const rest = (window.rest = { frames: 0, errors: [], line: null, asked: 0, counts: false });
  addEventListener("error", ({ message }) => rest.errors.push(message));
  addEventListener("unhandledrejection", ({ reason }) => rest.errors.push(`${reason}`));
  const changed = () => { rest.frames = 0; };
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(changed).observe(document, all);
  addEventListener("input", changed, true);
  const Plain = WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      Object.assign(rest, { line: this, asked: 0 });
      this.addEventListener("message", () => { rest.asked -= 1; changed(); });
      if (!this.url.endsWith("/socket")) rest.line = { readyState: 0 }; // of other talk
    }
    send(words) {
      rest.asked += 1;
      super.send(words);
    }
  };
  const busy = () => rest.line && (rest.line.readyState !== 1 || rest.asked > 0);
  const frame = () => {
    if (busy()) changed();
    rest.frames += 1;
    rest.counts = rest.frames <= RESTED;
    if (rest.counts) requestAnimationFrame(frame);
  };
  rest.still = () => {
    if (busy()) changed();
    if (!rest.counts && rest.frames <= RESTED) {
      rest.counts = true;
      requestAnimationFrame(frame);
    }
    return rest.frames;
  };
})();""".replace("RESTED", str(RESTED))
OVER = f"window.rest && rest.still() > (rest.errors.length ? {RESTED // 4} : {RESTED})"


@contextlib.contextmanager
def chromium():
    assert CHROMIUM, "these tests need a browser: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


def expect(what):
    """Playwright's assertions on a page or a part of it, which end when the page is at rest."""
    return _Expected(what)


class _Expected:
    def __init__(self, what):
        self.what = what

    def __getattr__(self, name):
        page = getattr(self.what, "page", self.what)

        def holds(*given, timeout=PATIENCE, **named):
            for left in range(timeout, 0, -LOOK):
                try:
                    return getattr(patient(self.what), name)(*given, timeout=LOOK, **named)
                except AssertionError:
                    if left <= LOOK or _over(page):
                        raise
            raise AssertionError("no time was given")

        return holds


def _over(page):
    """Whether nothing will change any more; unknown where a page has not counted, or is just being loaded."""
    try:
        return page.evaluate(OVER)
    except Error:
        return False
