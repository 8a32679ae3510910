// Thousands of points as squares of a picture, which is painted anew only where something in it changed.

import { h } from "./dom.js";
import { KINDS } from "./marks.js";

const SIDE = 2.4; // plot units
const SEEN = 0.01; // plot units by which a point must move to be painted anew
const dark = matchMedia("(prefers-color-scheme: dark)");

export class Painted {
  constructor(axes) {
    this.axes = axes;
    this.el = h("canvas", { class: "many", "aria-hidden": "true" });
    this.last = [];
    // asked for once, since to measure in the middle of drawing costs a layout
    new ResizeObserver(() => {
      this.box = 0;
    }).observe(this.el);
  }

  /** Ghosts below, then all points, then those of the batch and the selected one. */
  draw(places, kinds, ghosts) {
    const size = this.#size();
    const colours = this.#colours();
    const now = [Float64Array.of(...size), places, kinds, ghosts ?? [], colours];
    if (now.every((part, i) => alike(part, this.last[i]))) return;
    this.last = now;
    const [ghost, ...own] = colours.map(word);
    const picture = new ImageData(...size);
    if (ghosts) this.#paint(picture, ghosts, ghost);
    KINDS.forEach((_, kind) => {
      this.#paint(picture, places, own[kind], kinds, kind);
    });
    const context = this.el.getContext("2d");
    context.clearRect(0, 0, ...size);
    context.putImageData(picture, 0, 0);
  }

  /** Nothing is left of it. */
  clear() {
    this.last = [];
  }

  #size() {
    const { width, height } = this.axes;
    this.box ||= this.el.parentElement.clientWidth;
    this.factor = ((this.box || width) / width) * (window.devicePixelRatio || 1);
    const [w, hgt] = [Math.round(width * this.factor), Math.round(height * this.factor)];
    if (this.el.width !== w || this.el.height !== hgt) Object.assign(this.el, { width: w, height: hgt });
    return [w, hgt];
  }

  #colours() {
    if (this.dark !== dark.matches || !this.colours[0]) {
      const style = getComputedStyle(this.el);
      this.colours = ["ghost", "point", ...KINDS.slice(1)].map((name) => style.getPropertyValue(`--${name}`).trim());
      this.dark = dark.matches;
    }
    return this.colours;
  }

  /** Fills a square around each place within the axes, of all points or of one kind. */
  #paint({ data, width }, places, colour, kinds = null, kind = 0) {
    const words = new Uint32Array(data.buffer);
    const { factor, axes } = this;
    const side = Math.max(1, Math.round(SIDE * factor));
    const [left, top] = [axes.left, axes.top];
    const [right, bottom] = [axes.width - axes.right, axes.height - axes.bottom];
    for (let i = 0; 2 * i < places.length; i++) {
      if (kinds && kinds[i] !== kind) continue;
      const [x, y] = [places[2 * i], places[2 * i + 1]];
      if (!(x >= left && x <= right && y >= top && y <= bottom)) continue;
      let at = Math.round(y * factor - side / 2) * width + Math.round(x * factor - side / 2);
      for (let row = 0; row < side; row++, at += width) {
        for (let k = at; k < at + side; k++) words[k] = colour;
      }
    }
  }
}

/** #rrggbb as the word of a pixel, whose bytes are red, green, blue and opaque. */
function word(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return new Uint32Array(Uint8Array.of(red, green, blue, 255).buffer)[0];
}

function alike(now, before) {
  if (now.length !== before?.length) return false;
  const exact = !(now instanceof Float64Array);
  for (let i = 0; i < now.length; i++) {
    if (now[i] === before[i] || (Number.isNaN(now[i]) && Number.isNaN(before[i]))) continue;
    if (exact || !(Math.abs(now[i] - before[i]) < SEEN)) return false;
  }
  return true;
}
