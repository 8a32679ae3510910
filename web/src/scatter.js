// A scatter plot of the points before or after, which can be walked, and before: dragged, added to, deleted from.

import { Axes } from "./axes.js";
import { h, keys, put, svg, text, unique } from "./dom.js";
import { Marks } from "./marks.js";
import { show } from "./numbers.js";

const REACH = 14; // plot units within which a pointer takes a point
const NUDGE = 0.01; // of an axis, for a key press

export class Scatter {
  constructor(app, stage) {
    this.app = app;
    this.stage = stage;
    this.edited = stage === "before" && app.host !== "offline";
    this.axes = new Axes();
    this.marks = new Marks(this.axes);
    const { width, height, left, right, top, bottom } = this.axes;
    const clip = unique("clip");
    const area = { x: left, y: top, width: width - left - right, height: height - top - bottom };
    this.ring = svg("circle", { class: "ring", r: 7 });
    this.note = svg("text", { class: "outside", x: width - right - 4, y: top + 12, "text-anchor": "end" });
    this.told = svg("text", { class: "told", x: left + 4, y: top + 12 });
    this.near = svg("circle", { class: "near", r: 6, visibility: "hidden" });
    this.marks.clip.setAttribute("clip-path", `url(#${clip})`);
    this.plot = svg(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, class: `plot scatter ${stage}`, tabindex: 0, role: "application" },
      svg("defs", {}, svg("clipPath", { id: clip }, svg("rect", area))),
      svg("rect", { class: "paper", ...area }),
      this.axes.group,
      this.marks.clip,
      this.near,
      this.ring,
      this.note,
      this.told,
    );
    const help = unique("help");
    put(this.plot, "aria-describedby", help);
    this.help = keys(app, help);
    this.el = h("div", { class: "cloud" }, h("div", { class: "stack" }, this.marks.canvas, this.plot), this.help.el);
    this.#listen();
  }

  draw(scene, arrays) {
    const values = arrays[this.stage];
    const ghost = this.stage === "after" ? arrays.before : null;
    const [rows, width] = values.shape;
    this.scene = scene;
    this.values = values;
    this.#frame(scene, width);
    const [first, last] = scene.batches.slice;
    const selected = scene.cell[0];
    const blue = scene.batches.used && !scene.formula.evaluated;
    const at = (array) => (i) => this.#pixels(array, i, width);
    const kind = (i) => (i === selected ? "selected" : blue && i >= first && i < last ? "batch" : "");
    this.marks.draw(rows, at(values), kind, ghost && at(ghost));
    this.#ring(selected, width);
    this.#point(null);
    this.#count(rows, width);
    put(this.plot, "aria-label", this.app.words(`plot.${this.stage}`));
    this.help.say(this.app.words(this.edited ? "plot.help" : "plot.help.after"));
  }

  #frame(scene, width) {
    const frames = this.held ?? scene.frames[this.stage];
    const names = scene.columns.map((column) => scene.data.names[column]);
    const rows = [0, Math.max(1, this.values.shape[0] - 1)];
    const ranges = width > 1 ? frames : [rows, frames[0]];
    const labels = width > 1 ? names : [this.app.words("plot.row"), names[0]];
    this.axes.draw(ranges[0], ranges[1], { labels });
  }

  #pixels(array, i, width) {
    if (width === 1) return [this.axes.x(i), this.axes.y(array[i])];
    return [this.axes.x(array[2 * i]), this.axes.y(array[2 * i + 1])];
  }

  #ring(selected, width) {
    const [x, y] = this.#pixels(this.values, selected, width);
    const gone = !Number.isFinite(x + y);
    put(this.ring, "cx", gone ? -99 : x);
    put(this.ring, "cy", gone ? -99 : y);
  }

  #count(rows, width) {
    const { x, y } = this.axes;
    let outside = 0;
    for (let i = 0; i < rows; i++) {
      const [a, b] = width > 1 ? [this.values[2 * i], this.values[2 * i + 1]] : [x.low, this.values[i]];
      if (!(a >= x.low && a <= x.high && b >= y.low && b <= y.high)) outside++;
    }
    text(this.note, outside ? this.app.words("plot.outside", { count: outside }) : "");
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
    plot.addEventListener("dblclick", (event) => {
      event.preventDefault();
      const { x, y } = Axes.at(plot, event);
      this.#add(this.axes.x.back(x), this.axes.y.back(y));
    });
    plot.addEventListener("contextmenu", (event) => {
      const near = this.#nearest(event);
      if (near === null) return;
      event.preventDefault();
      this.#remove(near);
    });
  }

  #nearest(event) {
    const here = Axes.at(this.plot, event);
    const [rows, width] = this.values.shape;
    let [best, distance] = [null, REACH];
    for (let i = 0; i < rows; i++) {
      const [x, y] = this.#pixels(this.values, i, width);
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
    return this.app.words("plot.point", { row: this.#id(i), x: show(x), y: show(y) });
  }

  #press(event) {
    if (event.button) return;
    const near = this.#nearest(event);
    if (near === null) return;
    event.preventDefault(); // or a selection of text would begin, and the next drag would move that
    this.plot.focus({ preventScroll: true });
    this.#select(near);
    if (!this.edited) return;
    this.plot.setPointerCapture(event.pointerId);
    this.dragged = near;
    this.held = this.scene.frames.before;
  }

  #move(event) {
    if (this.dragged == null) {
      if (event.pointerType === "mouse") this.#point(this.#nearest(event));
      return;
    }
    const { x, y } = Axes.at(this.plot, event);
    this.#place(this.dragged, this.axes.x.back(x), this.axes.y.back(y));
  }

  #release() {
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
    } else if (edited && (event.key === "Delete" || event.key === "Backspace")) this.#remove(selected);
    else if (edited && event.key.toLowerCase() === "a" && !event.ctrlKey && !event.metaKey) {
      const { x, y } = this.axes;
      this.#add((x.low + x.high) / 2, (y.low + y.high) / 2);
    } else return;
    event.preventDefault();
  }

  #walk(from, by) {
    const rows = this.values.shape[0];
    const to = (from + by + rows) % rows;
    this.#select(to);
    this.app.say(this.#words(to));
  }

  #nudge(i, across, up) {
    const [x, y] = this.#value(i);
    const size = (axis) => (axis.high - axis.low) * NUDGE;
    const to = [x + across * size(this.axes.x), y + up * size(this.axes.y)];
    this.#place(i, ...to);
    this.app.say(this.app.words("plot.moved", { row: this.#id(i), x: show(to[0]), y: show(to[1]) }));
  }

  #value(i) {
    return this.values.shape[1] > 1 ? [this.values[2 * i], this.values[2 * i + 1]] : [i, this.values[i]];
  }

  #id(i) {
    return this.scene.data.ids?.[i] ?? i;
  }

  #select(i) {
    const [, channel, place] = this.app.state.selected;
    if (this.app.state.selected[0] !== this.#id(i)) this.app.set({ selected: [this.#id(i), channel, place] });
  }

  #cells(x, y) {
    const [first, second] = this.scene.columns;
    return second === undefined ? { [first]: y } : { [first]: x, [second]: y };
  }

  #place(i, x, y) {
    const edits = this.app.state.edits;
    const id = this.#id(i);
    const moved = { ...edits.moved, [id]: { ...edits.moved?.[id], ...this.#cells(x, y) } };
    this.app.set({ edits: { ...edits, moved } });
  }

  #add(x, y) {
    const edits = this.app.state.edits;
    const added = [...(edits.added ?? []), this.#cells(x, y)];
    const id = this.scene.data.base + added.length - 1;
    this.app.set({ edits: { ...edits, added }, selected: [id, ...this.app.state.selected.slice(1)] });
    this.app.say(this.app.words("plot.added", { row: id }));
  }

  #remove(i) {
    const edits = this.app.state.edits;
    const id = this.#id(i);
    const next = this.#id(i + 1 < this.values.shape[0] ? i + 1 : Math.max(0, i - 1));
    const deleted = [...(edits.deleted ?? []), id];
    this.app.set({ edits: { ...edits, deleted }, selected: [next, ...this.app.state.selected.slice(1)] });
    this.app.say(this.app.words("plot.deleted", { row: id }));
  }
}
