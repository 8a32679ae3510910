"""How soon a key press or a move of the pointer is in the picture, measured inside the page."""

import math
import statistics

# from the input's own time stamp to the last change of a plot; a canvas is done when its drawing returns
STAMPS = """
(() => {
  const stamps = (window.stamps = { input: 0, inputs: 0, last: 0, first: 0 });
  const drawn = () => {
    stamps.last = performance.now();
  };
  for (const name of ["keydown", "pointermove"])
    addEventListener(name, (event) => {
      stamps.input = event.timeStamp;
      stamps.inputs += 1;
    }, true);
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    clear.apply(this, area);
    queueMicrotask(drawn);
  };
  const watched = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver((changes) => {
    if (!changes.some(({ target }) => target.parentElement?.closest("svg.plot"))) return;
    drawn();
    stamps.first ||= document.querySelector(".points circle") ? stamps.last : 0;
  }).observe(document, watched);
})();
"""
# a browser hands on the moves of a pointer once a frame
ARRIVED = """(before) => new Promise((done) => {
  const look = () => (stamps.inputs > before ? done() : setTimeout(look, 2));
  look();
})"""
FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


class Stopwatch:
    """Around an open explorer whose page was given STAMPS before it loaded."""

    def __init__(self, explorer):
        self.explorer = explorer

    def press(self, key):
        """Milliseconds from a press to its last redraw; infinite if it changed nothing."""
        return self._timed(lambda: self.explorer.page.keyboard.press(key))

    def move(self, x, y):
        return self._timed(lambda: self.explorer.page.mouse.move(x, y))

    def _timed(self, act):
        before = self.explorer.page.evaluate("stamps.inputs")
        act()
        self.explorer.page.evaluate(ARRIVED, before)
        return self.spent()

    def spent(self):
        """From the last input to the last redraw, once everything is answered and drawn."""
        self.explorer.settled().page.evaluate(FRAME)
        spent = self.explorer.page.evaluate("stamps.last - stamps.input")
        return spent if spent > 0 else math.inf

    def presses(self, control, count=25, keys=("ArrowRight", "ArrowLeft"), i=0):
        """A slider to and fro; two presses first, which are not counted."""
        self.explorer.control(control, i).focus()
        for key in keys:
            self.press(key)
        way = count // 2 + 1
        return [self.press(keys[place // way % 2]) for place in range(count)]

    @property
    def first(self):
        """Milliseconds from the start of loading to the first plot with marks."""
        return self.explorer.page.evaluate("stamps.first")


def median_and_p95(times):
    return statistics.median(times), statistics.quantiles(times, n=20, method="inclusive")[-1]
