// A neuron's response to contrast, with a handle for σ on the axis and one for n, the steepness.

import { Axes } from "./axes.js";
import { h, keys, put, svg, text, unique } from "./dom.js";
import { clamp, round, show } from "./numbers.js";

const STEEP = 0.03; // of n for a plot unit of dragging

export class Curve {
  constructor(app, stage) {
    Object.assign(this, { app, stage });
    this.axes = new Axes();
    this.alone = svg("path", { class: "curve ghostline" });
    this.line = svg("path", { class: "curve" });
    this.dot = svg("circle", { class: "ring", r: 6 });
    this.guide = svg("path", { class: "guide" });
    this.told = svg("text", { class: "told", x: 44, y: 22 });
    const help = unique("help");
    this.handles = {
      sigma: this.#handle("sigma", svg("circle", { r: 8 }), "horizontal"),
      power: this.#handle("power", svg("rect", { width: 14, height: 14, x: -7, y: -7 }), "vertical"),
    };
    const extra = stage === "after" ? [this.guide, ...Object.values(this.handles)] : [];
    this.plot = svg(
      "svg",
      { viewBox: "0 0 360 280", class: `plot curveplot ${stage}`, role: "group", "aria-describedby": help },
      this.axes.group,
      this.alone,
      this.line,
      this.dot,
      this.told,
      ...extra,
    );
    this.help = keys(app, help);
    this.el = h("div", {}, this.plot, this.help.el);
    this.plot.addEventListener("pointerdown", (event) => this.#choose(event));
    this.plot.addEventListener("pointermove", (event) => this.#tell(event));
    this.plot.addEventListener("pointerleave", () => text(this.told, ""));
  }

  draw(scene, arrays) {
    const { words, state } = this.app;
    const [x, y] = [arrays.before, arrays[this.stage]];
    const frame = scene.frames[this.stage][0];
    Object.assign(this, { scene, x, y });
    const labels = [
      this.app.words("contrast.x"),
      this.app.words(this.stage === "after" ? "contrast.y" : "contrast.drive"),
    ];
    this.axes.draw([1, 100], [Math.min(0, frame[0]), frame[1]], { labels, log: true });
    put(this.line, "d", this.#path(x, y));
    const masked = this.stage === "after" && state.masking > 0;
    put(this.alone, "d", masked ? this.#path(x, arrays.alone) : null);
    const selected = scene.cell[0];
    put(this.dot, "cx", round(this.axes.x(x[selected])));
    put(this.dot, "cy", round(this.axes.y(y[selected])));
    if (this.stage === "after") this.#handles(scene, arrays);
    put(this.plot, "aria-label", words.call(this.app, `contrast.${this.stage}`));
    this.help.say(this.stage === "after" ? this.app.words("contrast.help") : this.app.words("plot.help.after"));
  }

  #path(x, y) {
    return `M${Array.from(x, (at, i) => `${round(this.axes.x(at))},${round(this.axes.y(y[i]))}`).join("L")}`;
  }

  /** The value of a curve at any contrast, between those that were computed. */
  #at(curve, contrast) {
    const place = (Math.log10(contrast) / 2) * (this.x.length - 1);
    const i = clamp(Math.floor(place), 0, this.x.length - 2);
    return curve[i] + (curve[i + 1] - curve[i]) * clamp(place - i, 0, 1);
  }

  #handles(scene, arrays) {
    const { sigma, power, free } = scene.handles;
    const held = clamp(sigma, 1, 100);
    const x = this.axes.x(held);
    const y = this.axes.y(this.#at(arrays.alone, held));
    const beside = clamp(sigma / 2, 1, 100);
    put(this.guide, "d", `M${round(x)},${this.axes.y(0)}V${round(y)}H${this.axes.left}`);
    this.#put("sigma", x, y, sigma, [0.01, 100]);
    this.#put("power", this.axes.x(beside), this.axes.y(this.#at(arrays.alone, beside)), power, [0.5, 6]);
    put(this.handles.power, "visibility", free ? null : "hidden");
    put(this.handles.power, "tabindex", free ? 0 : -1);
  }

  #put(name, x, y, value, [low, high]) {
    const handle = this.handles[name];
    put(handle, "transform", `translate(${round(x)} ${round(y)})`);
    put(handle, "aria-valuenow", round(value));
    put(handle, "aria-valuemin", low);
    put(handle, "aria-valuemax", high);
    put(handle, "aria-label", this.app.words(`contrast.${name}`));
    put(handle, "aria-valuetext", show(value));
  }

  #handle(name, shape, orientation) {
    const handle = svg(
      "g",
      { class: `handle ${name}`, tabindex: 0, role: "slider", "aria-orientation": orientation },
      shape,
    );
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      handle.focus({ preventScroll: true });
      handle.setPointerCapture(event.pointerId);
      this.start = { y: Axes.at(this.plot, event).y, power: this.scene.handles.power };
      this.dragged = name;
    });
    handle.addEventListener("pointermove", (event) => this.dragged === name && this.#drag(name, event));
    for (const end of ["pointerup", "pointercancel"]) {
      handle.addEventListener(end, () => {
        this.dragged = null;
      });
    }
    handle.addEventListener("keydown", (event) => this.#key(name, event));
    return handle;
  }

  #drag(name, event) {
    const at = Axes.at(this.plot, event);
    // below σ a steeper curve is lower: dragging down makes n larger
    if (name === "sigma") this.#set("sigma", this.axes.x.back(at.x));
    else this.#set("power", this.start.power + (at.y - this.start.y) * STEEP);
  }

  #set(name, value) {
    const bounded = name === "sigma" ? clamp(value, 0.5, 100) : clamp(value, 0.5, 6);
    this.app.set({ [name]: Number(bounded.toPrecision(3)) });
  }

  #key(name, event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const { sigma, power } = this.scene.handles;
    this.#set(name, name === "sigma" ? sigma * 1.05 ** by : power + 0.1 * by);
  }

  /** The numbers of the curve where the mouse is. */
  #tell(event) {
    const contrast = clamp(this.axes.x.back(Axes.at(this.plot, event).x), 1, 100);
    const told = { x: show(contrast, 3), y: show(this.#at(this.y, contrast)) };
    text(this.told, this.app.words(`contrast.told.${this.stage}`, told));
  }

  #choose(event) {
    const contrast = this.axes.x.back(Axes.at(this.plot, event).x);
    const place = Math.round((Math.log10(contrast) / 2) * (this.x.length - 1));
    this.app.set({ selected: [clamp(place, 0, this.x.length - 1), 0, 0] });
  }
}
