// The frame of a plot: axes with ticks, grid and labels, inside an SVG of fixed units.

import { each, put, svg, text } from "./dom.js";
import { linear, logarithmic, mark, round, ticks } from "./numbers.js";

export class Axes {
  constructor({ width = 360, height = 280, left = 40, right = 10, top = 10, bottom = 36 } = {}) {
    Object.assign(this, { width, height, left, right, top, bottom });
    this.across = svg("g", { class: "axis" });
    this.up = svg("g", { class: "axis" });
    this.labels = [svg("text", { class: "label" }), svg("text", { class: "label" })];
    this.group = svg("g", { "aria-hidden": "true" }, this.across, this.up, ...this.labels);
  }

  /** Set both ranges; `log` makes the horizontal one logarithmic. Returns the scales. */
  draw(horizontal, vertical, { labels = ["", ""], log = false, counts = [6, 5] } = {}) {
    const across = [this.left, this.width - this.right];
    const up = [this.height - this.bottom, this.top];
    this.x = log ? logarithmic(horizontal, across) : linear(horizontal, across);
    this.y = linear(vertical, up);
    const below = log
      ? [1, 2, 5, 10, 20, 50, 100].filter((at) => at >= horizontal[0] && at <= horizontal[1])
      : ticks(...horizontal, counts[0]);
    each(this.across, below, made, (tick, at) => this.#vertical(tick, at, up));
    each(this.up, ticks(...vertical, counts[1]), made, (tick, at) => this.#horizontal(tick, at, across));
    this.#label(labels);
    return this;
  }

  #vertical(tick, at, [from, to]) {
    const x = round(this.x(at));
    place(tick.firstChild, { x1: x, x2: x, y1: from, y2: to });
    place(tick.lastChild, { x, y: from + 14, "text-anchor": "middle" });
    text(tick.lastChild, mark(at));
  }

  #horizontal(tick, at, [from, to]) {
    const y = round(this.y(at));
    place(tick.firstChild, { x1: from, x2: to, y1: y, y2: y });
    place(tick.lastChild, { x: from - 5, y: y + 3.5, "text-anchor": "end" });
    text(tick.lastChild, mark(at));
  }

  #label([across, up]) {
    const [below, beside] = this.labels;
    const middle = (this.top + this.height - this.bottom) / 2;
    place(below, { x: (this.left + this.width - this.right) / 2, y: this.height - 4, "text-anchor": "middle" });
    place(beside, { transform: `translate(10 ${middle}) rotate(-90)`, "text-anchor": "middle" });
    text(below, across);
    text(beside, up);
  }

  /** Where in the plot's own units a pointer is. */
  static at(plot, event) {
    const point = new DOMPoint(event.clientX, event.clientY);
    return point.matrixTransform(plot.getScreenCTM().inverse());
  }
}

function made() {
  return svg("g", {}, svg("line"), svg("text", { class: "tick" }));
}

function place(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) put(element, name, value);
}
