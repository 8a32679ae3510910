// A grid of tiles, a row a sample and a column a channel: images as cells of grey, sequences as lines.
// Also the map of which cells one is normalised with, in shades of blue.

import { Axes } from "./axes.js";
import { each, h, keys, put, svg, text, unique } from "./dom.js";
import { clamp, round, show } from "./numbers.js";

const [WIDTH, LEFT, TOP, GAP] = [360, 26, 22, 5];

/** Where everything lies for a shape (N, C, places) whose places are rows × columns. */
function layout(shape, space) {
  const [samples, channels, places] = shape;
  const [down, across] = space.length === 2 ? space : [1, places];
  const wide = (WIDTH - LEFT - GAP * channels) / channels;
  const cell = wide / across;
  const high = space.length === 2 ? cell * down : space.length === 1 ? Math.min(60, wide) : Math.min(18, wide);
  const tall = TOP + samples * (high + GAP) + 2;
  const corner = (n, c) => [LEFT + c * (wide + GAP), TOP + n * (high + GAP)];
  return { samples, channels, places, down, across, wide, high, cell, tall, corner, line: space.length === 1 };
}

export class Tiles {
  /** `kind` is before, after or cells. */
  constructor(app, kind) {
    Object.assign(this, { app, kind });
    this.heads = svg("g", { class: "axis" });
    this.body = svg("g", { class: "tiles" });
    this.pool = svg("g", { class: "overlay" });
    this.ring = svg("rect", { class: "ring" });
    const help = unique("help");
    this.plot = svg(
      "svg",
      { class: `plot tilegrid ${kind}`, tabindex: 0, role: "application", "aria-describedby": help },
      this.heads,
      this.pool,
      this.body,
      this.ring,
    );
    this.help = keys(app, help);
    this.el = h("div", {}, this.plot, this.help.el);
    this.plot.addEventListener("pointerdown", (event) => this.#press(event));
    this.plot.addEventListener("keydown", (event) => this.#key(event));
  }

  /** values (N, C, places); `space` the sizes of the spatial axes; `first` the number of the first sample. */
  draw({ values, space, names, selected, range, first = 0, label, help, pooled = null }) {
    const at = layout(values.shape, space);
    Object.assign(this, { at, values, selected, first });
    put(this.plot, "viewBox", `0 0 ${WIDTH} ${round(at.tall)}`);
    put(this.plot, "aria-label", label);
    this.help.say(help);
    this.#heads(names);
    if (at.line && this.kind !== "cells") this.#lines(range);
    else this.#cells(range);
    this.#overlay(pooled);
    this.#ringAt();
  }

  /** What is pooled, in blue: behind lines, and over cells. */
  #overlay(pooled) {
    const { at } = this;
    const held = pooled ? [...pooled.keys()].filter((i) => pooled[i] > 0) : [];
    const [below, above] = at.line ? [this.pool, this.body] : [this.body, this.pool];
    if (below.nextElementSibling !== above) below.after(above);
    each(
      this.pool,
      held,
      () => svg("rect"),
      (rect, i) => {
        const [x, y] = this.#corner(i);
        put(rect, "x", round(x));
        put(rect, "y", round(y));
        put(rect, "width", round(at.wide / at.across));
        put(rect, "height", round(at.line ? at.high : at.high / at.down));
        put(rect, "fill-opacity", round(0.1 + 0.35 * pooled[i]));
      },
    );
  }

  #heads(names) {
    const { at } = this;
    const labels = [];
    for (let c = 0; c < at.channels; c++)
      labels.push([at.corner(0, c)[0] + at.wide / 2, TOP - 7, at.channels > 8 ? `${c}` : names[c], "middle"]);
    for (let n = 0; n < at.samples; n++) {
      labels.push([LEFT - 5, at.corner(n, 0)[1] + at.high / 2 + 4, `${this.first + n}`, "end"]);
    }
    each(
      this.heads,
      labels,
      () => svg("text", { class: "tick" }),
      (mark, [x, y, name, anchor]) => {
        put(mark, "x", round(x));
        put(mark, "y", round(y));
        put(mark, "text-anchor", anchor);
        text(mark, name);
      },
    );
  }

  #cells(range) {
    const { at, values } = this;
    const shade = this.kind === "cells" ? (v) => v : (v) => clamp((v - range[0]) / (range[1] - range[0] || 1), 0, 1);
    const size = { width: round(at.wide / at.across), height: round(at.high / at.down) };
    this.#only("rect");
    each(
      this.body,
      values,
      () => svg("rect"),
      (rect, value, i) => {
        const [x, y] = this.#corner(i);
        put(rect, "x", round(x));
        put(rect, "y", round(y));
        put(rect, "width", size.width);
        put(rect, "height", size.height);
        put(rect, "fill-opacity", round(shade(value)));
      },
    );
    put(this.body, "class", this.kind === "cells" ? "tiles pooled" : "tiles grey");
  }

  #lines(range) {
    const { at, values } = this;
    const tiles = Array.from({ length: at.samples * at.channels }, (_, tile) => tile);
    const y = (value) => at.high * (1 - clamp((value - range[0]) / (range[1] - range[0] || 1), 0, 1));
    this.#only("path");
    each(
      this.body,
      tiles,
      () => svg("path"),
      (path, _, tile) => {
        const [left, top] = at.corner(Math.floor(tile / at.channels), tile % at.channels);
        const points = Array.from({ length: at.places }, (_, s) => {
          return `${round(left + (s + 0.5) * at.cell)},${round(top + y(values[tile * at.places + s]))}`;
        });
        put(path, "d", `M${points.join("L")}`);
      },
    );
    put(this.body, "class", "tiles lines");
    this.height = y;
  }

  /** Images are of rectangles, sequences of paths: the other's are not to be reused. */
  #only(tag) {
    const first = this.body.firstElementChild;
    if (first && first.tagName !== tag) this.body.replaceChildren();
  }

  #ringAt() {
    const { at } = this;
    const i = this.#index(this.selected);
    const [x, y] = this.#corner(i);
    const dot = at.line && this.kind !== "cells";
    const top = dot ? y + this.height(this.values[i]) - 3 : y;
    const size = dot ? [6, 6] : [at.wide / at.across, at.high / at.down];
    put(this.ring, "visibility", i >= 0 && i < this.values.length ? null : "hidden");
    put(this.ring, "x", round(dot ? x + at.cell / 2 - 3 : x));
    put(this.ring, "y", round(top));
    put(this.ring, "width", round(size[0]));
    put(this.ring, "height", round(size[1]));
  }

  #index([n, c, s]) {
    return ((n - this.first) * this.at.channels + c) * this.at.places + s;
  }

  #corner(i) {
    const { at } = this;
    const [tile, s] = [Math.floor(i / at.places), i % at.places];
    const [x, y] = at.corner(Math.floor(tile / at.channels), tile % at.channels);
    return [x + (s % at.across) * (at.wide / at.across), y + Math.floor(s / at.across) * (at.high / at.down)];
  }

  #press(event) {
    const { x, y } = Axes.at(this.plot, event);
    const { at } = this;
    const c = Math.floor((x - LEFT) / (at.wide + GAP));
    const n = Math.floor((y - TOP) / (at.high + GAP));
    if (c < 0 || n < 0 || c >= at.channels || n >= at.samples) return;
    event.preventDefault();
    this.plot.focus({ preventScroll: true });
    const [left, top] = at.corner(n, c);
    const column = clamp(Math.floor((x - left) / (at.wide / at.across)), 0, at.across - 1);
    const row = clamp(Math.floor((y - top) / (at.high / at.down)), 0, at.down - 1);
    this.#choose([n + this.first, c, row * at.across + column]);
  }

  #key(event) {
    const { at } = this;
    const [n, c, s] = this.selected;
    const place = event.shiftKey || at.places === 1;
    const moves = {
      ArrowLeft: place ? [n, c - 1, s] : [n, c, s - 1],
      ArrowRight: place ? [n, c + 1, s] : [n, c, s + 1],
      ArrowUp: place || at.down === 1 ? [n - 1, c, s] : [n, c, s - at.across],
      ArrowDown: place || at.down === 1 ? [n + 1, c, s] : [n, c, s + at.across],
    };
    const to = moves[event.key];
    if (!to) return;
    event.preventDefault();
    const low = this.kind === "cells" ? 0 : this.first;
    this.#choose([Math.max(low, to[0]), clamp(to[1], 0, at.channels - 1), clamp(to[2], 0, at.places - 1)]);
  }

  #choose(selected) {
    const ids = this.app.scene.data.ids;
    const [n, c, s] = selected;
    const rows = this.app.scene.data.shape[0];
    const row = clamp(n, 0, rows - 1);
    this.app.set({ selected: [ids?.[row] ?? row, c, s] });
    const value = this.values[this.#index([row, c, s])];
    const where = { n: row, c, s, value: value === undefined ? "" : show(value) };
    this.app.say(this.app.words(this.kind === "cells" ? "cells.cell.space" : "block.cell", where));
  }
}
