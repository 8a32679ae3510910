// A scatter plot of the points before or after, which can be walked, and before: dragged, added to, deleted from.

import { Axes } from "./axes.js";
import { h, keys, put, svg, text, unique } from "./dom.js";
import { Edges } from "./edges.js";
import { Hold } from "./hold.js";
import { Invited } from "./invited.js";
import { KINDS, MANY, Marks } from "./marks.js";
import { round, show } from "./numbers.js";
import { Pooled } from "./pooled.js";
import { Rows } from "./rows.js";
import { LAST, Way } from "./way.js";

const REACH = 14; // plot units within which a pointer takes a point
const NUDGE = 0.01; // of an axis, for a key press

export class Scatter {
  /** `stage` is before, after, or other: what after is compared with. */
  constructor(app, stage) {
    Object.assign(this, { app, stage, beat: LAST, rows: new Rows(app) });
    this.edited = stage === "before";
    this.axes = new Axes();
    this.marks = new Marks(this.axes);
    this.edges = new Edges(this.axes);
    this.pooled = new Pooled(this.axes);
    const { width, height, left, right, top, bottom } = this.axes;
    const clip = unique("clip");
    const area = { x: left, y: top, width: width - left - right, height: height - top - bottom };
    this.ring = svg("circle", { class: "ring", r: 7 });
    this.note = svg("text", { class: "outside", x: width - right - 4, y: top + 12, "text-anchor": "end" });
    this.told = svg("text", { class: "told", x: left + 4, y: top + 12 });
    this.invitation = new Invited(app);
    this.hold = new Hold();
    this.near = svg("circle", { class: "near", r: 6, visibility: "hidden" });
    const inside = svg(
      "g",
      { "clip-path": `url(#${clip})` },
      this.pooled.el,
      this.marks.clip,
      this.pooled.mates,
      this.near,
      this.ring,
    );
    this.plot = svg(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, class: `plot scatter ${stage}`, tabindex: 0, role: "application" },
      svg("defs", {}, svg("clipPath", { id: clip }, svg("rect", area))),
      svg("rect", { class: "paper", ...area }),
      this.axes.group,
      inside,
      this.edges.el,
      this.invitation.el,
      this.note,
      this.told,
    );
    const help = unique("help");
    put(this.plot, "aria-describedby", help);
    this.help = keys(app, help);
    this.el = h(
      "div",
      { class: "cloud" },
      h("div", { class: "stack" }, this.marks.painted.el, this.plot),
      this.help.el,
    );
    this.#listen();
  }

  draw(scene, arrays) {
    const values = arrays[this.stage];
    this.scene = scene;
    this.arrays = arrays;
    const side = this.stage === "before" ? "before" : "after";
    this.way = this.stage === "other" ? null : new Way(scene, arrays, scene.frames.after);
    this.frames = this.held ?? scene.frames[side];
    this.moved = !this.held && (scene.frames.moved?.includes(side) ?? false);
    this.axes.group.classList.toggle("moved", this.moved);
    this.values = values;
    this.#paint();
    this.#point(null);
    put(this.plot, "aria-label", this.app.words(`plot.${this.stage}`));
    this.help.say(this.app.words(this.edited ? "plot.help" : "plot.help.after"));
  }

  /** Show the points on their way, from 0 to 3. */
  travel(beat) {
    this.beat = beat;
    if (this.scene && this.way) this.#paint();
  }

  /** What is seen: the numbers, the axes, and the center and box of the pool. */
  #seen() {
    const { stage, way, beat } = this;
    if (stage === "before") return [this.arrays.before, this.frames, way.pool(0)];
    if (stage === "other") return [this.values, this.frames, null];
    return [way.values(beat), way.frame(beat), way.pool(beat)];
  }

  #paint() {
    const { scene, stage } = this;
    const [values, frames, pool] = this.#seen();
    this.values = values;
    const [rows, width] = values.shape;
    this.#frame(frames, width);
    const [first, last] = scene.batches.slice;
    const selected = scene.cell[0];
    const blue = scene.batches.used && !scene.formula.evaluated && stage !== "other";
    const places = this.#places(values, width);
    const kinds = new Uint8Array(rows);
    this.plot.classList.toggle("crowded", rows > MANY);
    if (blue) kinds.fill(KINDS.indexOf("batch"), first, last);
    kinds[selected] = KINDS.indexOf("selected");
    this.marks.draw(places, kinds, stage === "before" ? null : this.#places(this.arrays.before, width));
    const outside = this.edges.draw(places, kinds, (i) => this.#words(i));
    const here = (i) => [places[2 * i], places[2 * i + 1]];
    const mates = Array.from({ length: blue ? last - first : 0 }, (_, i) => first + i);
    const others = mates.filter((i) => i !== selected).map(here);
    this.pooled.draw(pool && this.#across(pool, rows), here(selected), others);
    this.#ring(here(selected));
    if (this.edited) this.invitation.draw(here(selected));
    const told = outside ? [this.app.words("plot.outside", { count: outside })] : [];
    if (this.moved) told.unshift(this.app.words("plot.moved.axes"));
    text(this.note, told.join(" · "));
  }

  /** One channel is drawn against the row's number: its box reaches from the first to the last. */
  #across(pool, rows) {
    return pool.length > 1 ? pool : [{ center: (rows - 1) / 2, half: rows / 2 }, pool[0]];
  }

  #frame(frames, width) {
    const { scene } = this;
    const names = scene.columns.map((column) => scene.data.names[column]);
    const rows = [0, Math.max(1, this.values.shape[0] - 1)];
    const ranges = width > 1 ? frames : [rows, frames[0]];
    const labels = width > 1 ? names : [this.app.words("plot.row"), names[0]];
    this.axes.draw(ranges[0], ranges[1], { labels });
  }

  /** Where all points are, in plot units. */
  #places(array, width) {
    const { x, y } = this.axes;
    const places = new Float64Array((2 * array.length) / width);
    for (let i = 0; 2 * i < places.length; i++) {
      places[2 * i] = width === 1 ? x(i) : x(array[2 * i]);
      places[2 * i + 1] = y(array[width === 1 ? i : 2 * i + 1]);
    }
    return places;
  }

  #pixels(array, i, width) {
    if (width === 1) return [this.axes.x(i), this.axes.y(array[i])];
    return [this.axes.x(array[2 * i]), this.axes.y(array[2 * i + 1])];
  }

  #ring([x, y]) {
    const gone = !Number.isFinite(x + y);
    put(this.ring, "cx", gone ? -99 : round(x));
    put(this.ring, "cy", gone ? -99 : round(y));
  }

  #listen() {
    const plot = this.plot;
    plot.addEventListener("pointerdown", (event) => this.#press(event));
    plot.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) plot.addEventListener(end, () => this.#release());
    plot.addEventListener("pointerleave", () => this.#point(null));
    plot.addEventListener("keydown", (event) => this.#key(event));
    plot.addEventListener("dragstart", (event) => event.preventDefault());
    if (!this.edited) return;
    const touched = (event) => this.#nearest(event.touches[0]) === null || event.preventDefault();
    plot.addEventListener("touchstart", touched, { passive: false }); // within reach of a point nothing scrolls
    plot.addEventListener("dblclick", (event) => {
      event.preventDefault();
      const { x, y } = Axes.at(plot, event);
      this.rows.add(this.axes.x.back(x), this.axes.y.back(y));
    });
    plot.addEventListener("contextmenu", (event) => {
      const near = this.#nearest(event);
      if (near === null) return;
      event.preventDefault();
      this.rows.remove(near);
    });
  }

  #nearest(event) {
    const here = Axes.at(this.plot, event);
    const [rows, width] = this.values.shape;
    let [best, distance] = [null, REACH];
    for (let i = 0; i < rows; i++) {
      const place = this.#pixels(this.values, i, width);
      const [x, y] = this.edges.outside(place) ? this.edges.held(place) : place;
      const far = Math.hypot(x - here.x, y - here.y);
      if (far < distance) [best, distance] = [i, far];
    }
    return best;
  }

  /** Tell the numbers of the point under the mouse. */
  #point(i) {
    put(this.near, "visibility", i === null ? "hidden" : null);
    text(this.told, i === null ? "" : this.#words(i));
    if (i === null) return;
    const [x, y] = this.#pixels(this.values, i, this.values.shape[1]);
    put(this.near, "cx", x);
    put(this.near, "cy", y);
  }

  #words(i) {
    const [x, y] = this.#value(i);
    return this.app.words("plot.point", { row: this.rows.id(i), x: show(x), y: show(y) });
  }

  #press(event) {
    if (event.button) return;
    const near = this.#nearest(event);
    if (near === null) return;
    event.preventDefault(); // or a selection of text would begin, and the next drag would move that
    this.plot.focus({ preventScroll: true });
    this.rows.select(near);
    if (!this.edited) return;
    this.app.tell("dragged");
    this.plot.setPointerCapture(event.pointerId);
    this.dragged = near;
    this.held = this.scene.frames.before;
    this.hold.begin(event, () => {
      this.#release();
      this.rows.remove(near);
    });
  }

  #move(event) {
    if (this.dragged == null) {
      if (event.pointerType === "mouse") this.#point(this.#nearest(event));
      return;
    }
    this.hold.moved(event);
    if (this.hold.timer) return; // not yet a drag
    const { x, y } = Axes.at(this.plot, event);
    this.rows.place(this.dragged, this.axes.x.back(x), this.axes.y.back(y));
  }

  #release() {
    this.hold.end();
    if (this.dragged == null) return;
    this.dragged = null;
    this.held = null;
    this.app.refresh();
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const selected = this.scene.cell[0];
    const { edited } = this;
    if (steps[event.key]) {
      const [across, up] = steps[event.key];
      if (event.shiftKey && edited) this.#nudge(selected, across, up);
      else this.#walk(selected, across - up);
    } else if (event.key === "Home" || event.key === "End") {
      this.#walk(event.key === "Home" ? 1 : this.values.shape[0] - 2, event.key === "Home" ? -1 : 1);
    } else if (edited && (event.key === "Delete" || event.key === "Backspace")) this.rows.remove(selected);
    else if (edited && event.key.toLowerCase() === "a" && !event.ctrlKey && !event.metaKey) {
      const { x, y } = this.axes;
      this.rows.add((x.low + x.high) / 2, (y.low + y.high) / 2);
    } else return;
    event.preventDefault();
  }

  #walk(from, by) {
    const rows = this.values.shape[0];
    const to = (from + by + rows) % rows;
    this.rows.select(to);
    this.app.say(this.#words(to));
  }

  #nudge(i, across, up) {
    const [x, y] = this.#value(i);
    const size = (axis) => (axis.high - axis.low) * NUDGE;
    const to = [x + across * size(this.axes.x), y + up * size(this.axes.y)];
    this.rows.place(i, ...to);
    this.app.say(this.app.words("plot.moved", { row: this.rows.id(i), x: show(to[0]), y: show(to[1]) }));
  }

  #value(i) {
    return this.values.shape[1] > 1 ? [this.values[2 * i], this.values[2 * i + 1]] : [i, this.values[i]];
  }
}
