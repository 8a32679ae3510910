// Points that lie outside a plot: arrows at its edge that say where they are, and by which they can be taken.

import { each, put, svg, text } from "./dom.js";
import { KINDS } from "./marks.js";
import { clamp, round } from "./numbers.js";

const MOST = 60; // arrows; the selected point always has one
const INSET = 6;

export class Edges {
  constructor(axes) {
    this.axes = axes;
    this.el = svg("g", { class: "edges" });
  }

  /** Where a place outside meets the frame; the place itself where it is inside or no place. */
  held([x, y]) {
    const { left, right, top, bottom, width, height } = this.axes;
    return [clamp(x, left + INSET, width - right - INSET), clamp(y, top + INSET, height - bottom - INSET)];
  }

  outside([x, y]) {
    return Number.isFinite(x + y) && !this.#inside(x, y);
  }

  #inside(x, y) {
    const { left, right, top, bottom, width, height } = this.axes;
    return x >= left && x <= width - right && y >= top && y <= height - bottom;
  }

  /** Draw those points that are outside; gives how many there are. */
  draw(places, kinds, words) {
    const found = [];
    let all = 0;
    for (let i = 0; i < kinds.length; i++) {
      const [x, y] = [places[2 * i], places[2 * i + 1]];
      if (this.#inside(x, y)) continue;
      const place = [x, y];
      if (!this.outside(place)) continue;
      all++;
      if (found.length < MOST || KINDS[kinds[i]] === "selected") found.push([i, place]);
    }
    each(
      this.el,
      found,
      () => svg("path", { d: "M6,0L-4,-5L-4,5Z" }, svg("title")),
      (arrow, [i, place]) => {
        const [x, y] = this.held(place);
        const angle = (Math.atan2(place[1] - y, place[0] - x) * 180) / Math.PI;
        put(arrow, "transform", `translate(${round(x)} ${round(y)}) rotate(${round(angle)})`);
        put(arrow, "class", KINDS[kinds[i]] || null);
        text(arrow.firstChild, words(i));
      },
    );
    return all;
  }
}
