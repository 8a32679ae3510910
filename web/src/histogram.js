// A histogram: all values in grey, those of the selected point's batch in blue, its own as an orange line.

import { each, h, put, svg, text } from "./dom.js";
import { clamp, mark, round, ticks } from "./numbers.js";

const BINS = 24;
const DIGIT = 6.6; // units that a character of a tick is wide at most
const [WIDTH, HEIGHT, FOOT, HEAD] = [170, 84, 18, 16];

export class Histogram {
  constructor(app, stage) {
    Object.assign(this, { app, stage });
    this.bars = svg("g", { class: "bars" });
    this.batch = svg("g", { class: "bars batch" });
    this.line = svg("line", { class: "selected", y1: HEAD, y2: HEIGHT - FOOT });
    this.axis = svg("g", { class: "axis" });
    this.title = svg("text", { class: "label", x: 2, y: 11 });
    const parts = [this.axis, this.bars, this.batch, this.line, this.title];
    this.plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot histogram", role: "img" }, ...parts);
    this.el = h("div", {}, this.plot);
  }

  draw(found, name, value) {
    const { low, high, all, batch } = found;
    const most = Math.max(1, ...all);
    const x = (at) => ((at - low) / (high - low)) * WIDTH;
    this.#bars(this.bars, all, most);
    this.#bars(this.batch, batch, most);
    const there = Number.isFinite(value) && value >= low && value <= high;
    put(this.line, "visibility", there ? null : "hidden");
    if (there) {
      put(this.line, "x1", round(x(value)));
      put(this.line, "x2", round(x(value)));
    }
    each(this.axis, ticks(low, high, 4), made, (element, at) => {
      const words = mark(at);
      const half = (words.length * DIGIT) / 2;
      put(element, "x", round(clamp(x(at), half, WIDTH - half)));
      text(element, words);
    });
    text(this.title, name);
    put(this.plot, "aria-label", this.app.words(`hist.${this.stage}`, { name }));
  }

  #bars(group, counts, most) {
    const wide = WIDTH / counts.length;
    const room = HEIGHT - FOOT - HEAD;
    each(
      group,
      counts,
      () => svg("rect", { width: round(wide - 0.8) }),
      (bar, count, i) => {
        const high = (count / most) * room;
        put(bar, "x", round(i * wide));
        put(bar, "y", round(HEIGHT - FOOT - high));
        put(bar, "height", round(high));
      },
    );
  }
}

function made() {
  return svg("text", { class: "tick", y: HEIGHT - 5, "text-anchor": "middle" });
}

/** Counts of one channel of a cloud on its way, in the bins that its axis then has. */
export function counted(values, i, scene, axes, pooled) {
  const [rows, width] = values.shape;
  const { low, high } = width > 1 && i === 0 ? axes.x : axes.y;
  const [all, batch] = [0, 1].map(() => new Array(BINS).fill(0));
  const [first, last] = scene.batches.slice;
  const blue = pooled && scene.batches.used && !scene.formula.evaluated;
  for (let row = 0; row < rows; row++) {
    const bin = Math.floor(((values[row * width + i] - low) / (high - low)) * BINS);
    if (!(bin >= 0 && bin < BINS)) continue;
    all[bin]++;
    if (blue && row >= first && row < last) batch[bin]++;
  }
  return i < width ? { low, high, all, batch } : null;
}
