// Points of a scatter plot: as SVG circles while they are few, painted when they are many.

import { put, svg } from "./dom.js";
import { round } from "./numbers.js";
import { Painted } from "./painted.js";

export const MANY = 600;
export const KINDS = ["", "batch", "selected"];

/** Draws points: `places` holds x and y of each in plot units, `kinds` which of KINDS it is. */
export class Marks {
  constructor(axes) {
    this.ghosts = svg("g", { class: "ghosts", "aria-hidden": "true" });
    this.points = svg("g", { class: "points" });
    this.painted = new Painted(axes);
    this.clip = svg("g", {}, this.ghosts, this.points);
  }

  draw(places, kinds, ghosts) {
    const many = kinds.length > MANY;
    put(this.painted.el, "hidden", !many);
    if (many) this.painted.draw(places, kinds, ghosts);
    else this.painted.clear();
    circles(this.ghosts, many ? [] : (ghosts ?? []), () => "ghost", 2.6);
    circles(this.points, many ? [] : places, (i) => KINDS[kinds[i]], 3.6);
  }
}

function circles(group, places, kind, radius) {
  const count = places.length / 2;
  while (group.childElementCount > count) group.lastElementChild.remove();
  while (group.childElementCount < count) group.append(svg("circle", { r: radius }));
  let dot = group.firstElementChild;
  for (let i = 0; i < count; i++) {
    const [x, y] = [places[2 * i], places[2 * i + 1]];
    const gone = !Number.isFinite(x + y);
    put(dot, "cx", gone ? -99 : round(x));
    put(dot, "cy", gone ? -99 : round(y));
    put(dot, "class", kind(i) || null);
    dot = dot.nextElementSibling;
  }
}
