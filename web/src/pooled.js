// The statistics of the selected point's pool, drawn into a plot: its center as a cross, one scale to either
// side as a box, and lines from the point to the others that are pooled with it.

import { each, put, svg } from "./dom.js";
import { clamp, round } from "./numbers.js";

const MOST = 32; // lines; of more one sees nothing
const FAR = 4000; // plot units, beyond which nothing is drawn

export class Pooled {
  constructor(axes) {
    this.axes = axes;
    this.lines = svg("g", { class: "ties" });
    this.box = svg("rect", { class: "spread", rx: 3 });
    this.cross = svg("path", { class: "center" });
    this.mates = svg("g", { class: "mates", "aria-hidden": "true" }); // above the other points
    this.el = svg("g", { class: "pool", "aria-hidden": "true" }, this.box, this.lines, this.cross);
  }

  /** `stats` has [center, half of the box] of each axis, or is null; `from` and `others` are places. */
  draw(stats, from, others) {
    const { axes } = this;
    put(this.el, "visibility", stats ? null : "hidden");
    const above = [...(others.length <= MOST ? others : []), from];
    each(
      this.mates,
      above,
      () => svg("circle", { r: 3.6 }),
      (dot, [x, y], i) => {
        place(dot, { cx: x, cy: y });
        put(dot, "class", i === above.length - 1 ? "selected" : null);
      },
    );
    const shown = stats && others.length <= MOST && Number.isFinite(from[0] + from[1]) ? others : [];
    each(
      this.lines,
      shown,
      () => svg("line"),
      (line, [x, y]) => {
        place(line, { x1: from[0], y1: from[1], x2: x, y2: y });
      },
    );
    if (!stats) return;
    const [across, up] = stats;
    const [x, y] = [axes.x(across.center), axes.y(up.center)];
    put(this.cross, "d", `M${round(near(x) - 7)},${round(near(y))}h14M${round(near(x))},${round(near(y) - 7)}v14`);
    const [left, right] = [axes.x(across.center - across.half), axes.x(across.center + across.half)].map(near);
    const [top, bottom] = [axes.y(up.center + up.half), axes.y(up.center - up.half)].map(near);
    place(this.box, { x: left, y: top, width: right - left, height: bottom - top });
  }
}

const near = (at) => (Number.isFinite(at) ? clamp(at, -FAR, FAR) : -FAR);

function place(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) put(element, name, round(near(value)));
}
