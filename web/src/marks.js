// Points of a scatter plot: as SVG circles while they are few, on a canvas when they are many.

import { h, put, svg } from "./dom.js";
import { round } from "./numbers.js";

export const MANY = 600;

/** Draws `count` points; `at(i)` gives [x, y] in plot units, `kind(i)` the class: "", "batch", "selected". */
export class Marks {
  constructor(axes) {
    this.axes = axes;
    this.ghosts = svg("g", { class: "ghosts", "aria-hidden": "true" });
    this.points = svg("g", { class: "points" });
    this.canvas = h("canvas", { class: "many", "aria-hidden": "true" });
    this.clip = svg("g", {}, this.ghosts, this.points);
  }

  draw(count, at, kind, ghost) {
    const many = count > MANY;
    put(this.canvas, "hidden", !many);
    if (many) {
      this.points.replaceChildren();
      this.ghosts.replaceChildren();
      this.#paint(count, at, kind, ghost);
    } else {
      circles(this.ghosts, ghost ? count : 0, ghost, () => "ghost", 2.6);
      circles(this.points, count, at, kind, 3.6);
    }
  }

  /** One fill for all points of a kind: a path each would cost ten times as much. */
  #paint(count, at, kind, ghost) {
    const { width, height } = this.axes;
    const box = this.canvas.parentElement.clientWidth || width;
    const factor = (box / width) * (window.devicePixelRatio || 1);
    const [w, hgt] = [Math.round(width * factor), Math.round(height * factor)];
    if (this.canvas.width !== w || this.canvas.height !== hgt) Object.assign(this.canvas, { width: w, height: hgt });
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    context.clearRect(0, 0, w, hgt);
    const side = 2.4 * factor;
    const { left, right, top, bottom } = this.axes;
    const inside = (x, y) => x >= left && x <= width - right && y >= top && y <= height - bottom;
    const spot = ([x, y]) => inside(x, y) && context.fillRect(x * factor - side / 2, y * factor - side / 2, side, side);
    if (ghost) {
      context.fillStyle = style.getPropertyValue("--ghost");
      for (let i = 0; i < count; i++) spot(ghost(i));
    }
    const later = [];
    context.fillStyle = style.getPropertyValue("--point");
    for (let i = 0; i < count; i++) kind(i) ? later.push(i) : spot(at(i));
    for (const i of later) {
      context.fillStyle = style.getPropertyValue(`--${kind(i)}`);
      spot(at(i));
    }
  }
}

function circles(group, count, at, kind, radius) {
  while (group.childElementCount > count) group.lastElementChild.remove();
  while (group.childElementCount < count) group.append(svg("circle", { r: radius }));
  const dots = group.children;
  for (let i = 0; i < count; i++) {
    const [x, y] = at(i);
    const dot = dots[i];
    const gone = !Number.isFinite(x + y);
    put(dot, "cx", gone ? -99 : round(x));
    put(dot, "cy", gone ? -99 : round(y));
    put(dot, "class", kind(i) || null);
  }
}
