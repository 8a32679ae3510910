"""An open explorer as its tests read it: what it shows, and what Python told it, in full precision."""

import json
import re
from urllib.parse import quote, urlencode

from browsing import expect
from checks import number

# counts what is said and answered, and keeps the last scene: arrays as numbers, for comparisons bit by bit
LISTEN = """
(() => {
  const talk = (window.talk = { sent: 0, heard: 0, scenes: 0, last: null, scene: null, arrays: {} });
  const Plain = WebSocket;
  const next = (place) => Math.ceil(place / 8) * 8;
  const read = (frame) => {
    const length = new DataView(frame).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 4, length)));
    talk.heard += 1;
    if (!["scene", "refused", "table wanted"].includes(header.type)) return;
    talk.last = header.type;
    if (header.type !== "scene") return;
    talk.scenes += 1;
    Object.assign(talk, { scene: header, arrays: {} });
    let place = next(4 + length);
    header.arrays.forEach(({ name, bytes }, i) => {
      const buffer = frame.slice(place, place + header.buffers[i]);
      talk.arrays[name] = bytes === 8 ? new Float64Array(buffer) : new Float32Array(buffer);
      place = next(place + header.buffers[i]);
    });
  };
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      talk.sent = talk.heard = 0;
      this.addEventListener("message", ({ data }) => read(data));
    }
    send(words) {
      talk.sent += 1;
      super.send(words);
    }
  };
})();
"""
# not playwright's own waiting, which evaluates text in the page: its policy forbids that
SETTLED = """() => new Promise((done, fail) => {
  const end = performance.now() + 60_000;
  const look = () => {
    if (talk.last && talk.sent > 0 && talk.sent === talk.heard) done();
    else if (rest.errors.length && rest.still() > 60) fail(new Error(rest.errors.join()));
    else if (performance.now() > end) fail(new Error("asked, and not answered"));
    else setTimeout(look, 4);
  };
  look();
})"""
ARRAYS = "Object.fromEntries(Object.entries(talk.arrays).map(([name, held]) => [name, [...held]]))"
# the page writes its addresses with &v=1 at the end: another one is never taken for its own
MOVE = """hash => new Promise((done) => {
  if (location.hash === hash) history.replaceState(null, "", "#");
  addEventListener("hashchange", () => done(), { once: true });
  location.hash = hash;
})"""


def link(**state):
    """What the address of a state has after its #, written as the page does but by other code."""
    plain = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in state.items()
    }
    return f"#{urlencode(plain, quote_via=quote)}" if state else ""


# who has been here before is not shown the steps and not offered the tour
BEEN = 'try { localStorage.setItem("normlab visited", "yes"); } catch {} // about:blank has none'
# what stands in a fold is drawn when that is opened, which the browser tells a moment later
UNFOLD = """() => new Promise((done) => {
  const boxes = [...document.querySelectorAll("details.fold:not([open])")];
  let left = boxes.length;
  if (!left) done();
  for (const box of boxes) {
    box.addEventListener("toggle", () => --left || done(), { once: true });
    box.open = true;
  }
})"""


class Open:
    """One open page of the explorer, unfolded, as one finds it who was here before.

    `first`: as one who was not; `folded`: as it opens.
    """

    def __init__(self, watched, address, script="", first=False, folded=False, **state):
        self.watched, self.page, self.address = watched, watched.page, address
        if not watched.prepared:
            self.page.add_init_script(LISTEN + script + ("" if first else BEEN))
            watched.prepared = True
        self.page.goto(address + link(**state))
        self.settled()
        if not folded:
            self.page.evaluate(UNFOLD)

    def settled(self):
        """Everything that was asked is answered and drawn."""
        self.page.evaluate(SETTLED)
        return self

    def go(self, **state):
        """To another state by its address, in the same page."""
        self.page.evaluate(MOVE, link(**state) or "#v=1")
        return self.settled()

    def __getitem__(self, selector):
        return self.page.locator(selector)

    def button(self, name):
        return self.page.get_by_role("button", name=re.compile(rf"^\W*{name}$"))

    def press(self, name, times=1):
        for _ in range(times):
            self.button(name).click()
            self.settled()
        return self

    def control(self, name, i=0):
        """The slider or menu of a setting."""
        return self.page.locator(f"[data-control={name}]").nth(i)

    def choose(self, name, value):
        self.control(name).select_option(value)
        return self.settled()

    def type(self, name, value, i=0):
        """Type an exact number beside a slider."""
        field = self.control(name, i).locator("..").locator("input[type=number]")
        field.fill(str(value))
        field.press("Enter")
        return self.settled()

    def paste(self, words):
        """A table of one's own, as its text."""
        if self[".own"].get_attribute("open") is None:
            self[".own > summary"].click()
        self[".own textarea"].fill(words)
        self[".own .row button"].click()
        return self.settled()

    @property
    def status(self):
        return self[".status"].text_content()

    def says(self, *words):
        for part in words:
            expect(self[".status"]).to_contain_text(part)
        return self

    @property
    def error(self):
        return self.page.locator(".normlab-explorer .error").nth(1)

    @property
    def problems(self):
        return self.page.locator(".normlab-explorer .error").nth(0)

    @property
    def scene(self):
        """The header of the last scene, as Python sent it."""
        return self.page.evaluate("talk.scene")

    @property
    def arrays(self):
        return self.page.evaluate(ARRAYS)

    @property
    def operands(self):
        """The displayed operands by term: one text for each shown channel."""
        rows = self["table.operands tbody tr"].evaluate_all(
            "all => all.map(row => [row.dataset.term,"
            " [...row.querySelectorAll('.number')].map(e => e.textContent)])"
        )
        return dict(rows)

    @property
    def tex(self):
        """The lines of the formula in numbers, as its MathML for screen readers says it was written."""
        return self[".formula .math"].nth(1).locator("annotation").all_text_contents()

    @property
    def values(self):
        """The table of values: {row: numbers before and after}."""
        self["details.valuesbox"].evaluate("box => { box.open = true; }")
        self["table.values tbody tr"].first.wait_for(state="attached")
        rows = self["table.values tbody tr"].evaluate_all(
            "all => all.map(row => [...row.children].map(cell => cell.textContent))"
        )
        return {int(label): [number(text) for text in rest] for label, *rest in rows}

    def clean(self):
        """Only this machine was asked, nothing failed, and the console is empty."""
        home = self.address.partition("#")[0].rstrip("/").removeprefix("http")
        own = (f"http{home}", f"ws{home}", "data:", "blob:")
        strangers = [url for url in self.watched.requests if not url.startswith(own)]
        assert (strangers, self.watched.complaints) == ([], [])
