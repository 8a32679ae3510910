// A bank of channels as bars: one strong, which is dragged up and down; blue those in the selected one's pool.

import { Axes } from "./axes.js";
import { each, h, keys, put, svg, unique } from "./dom.js";
import { clamp, round, show } from "./numbers.js";

export class Bank {
  constructor(app, stage) {
    Object.assign(this, { app, stage });
    this.axes = new Axes();
    this.bars = svg("g", { class: "bank" });
    const help = unique("help");
    this.plot = svg(
      "svg",
      {
        viewBox: "0 0 360 280",
        class: `plot bankplot ${stage}`,
        tabindex: 0,
        role: "application",
        "aria-describedby": help,
      },
      this.axes.group,
      this.bars,
    );
    this.help = keys(app, help);
    this.el = h("div", {}, this.plot, this.help.el);
    this.plot.addEventListener("pointerdown", (event) => this.#press(event));
    this.plot.addEventListener("pointermove", (event) => this.dragging && this.#drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.plot.addEventListener(end, () => this.#release());
    this.plot.addEventListener("keydown", (event) => this.#key(event));
  }

  draw(scene, arrays) {
    const values = arrays[this.stage];
    const [, channels] = values.shape;
    const frame = this.held ?? scene.frames[this.stage][0];
    Object.assign(this, { scene, values });
    const range = [Math.min(0, frame[0]), Math.max(frame[1], 0)];
    this.axes.draw([-0.5, channels - 0.5], range, { labels: ["channel", ""], counts: [8, 5] });
    const selected = scene.cell[1];
    const zero = this.axes.y(0);
    const wide = this.axes.x(0.8) - this.axes.x(0);
    each(
      this.bars,
      values,
      () => svg("rect"),
      (bar, value, c) => {
        const top = this.axes.y(clamp(value, ...range));
        put(bar, "x", round(this.axes.x(c - 0.4)));
        put(bar, "width", round(wide));
        put(bar, "y", round(Math.min(top, zero)));
        put(bar, "height", round(Math.abs(zero - top)));
        put(bar, "class", c === selected ? "selected" : arrays.cells[c] > 0 ? "batch" : null);
      },
    );
    put(this.plot, "aria-label", this.app.words(`bank.${this.stage}`));
    this.help.say(this.app.words("bank.help"));
  }

  #channel(event) {
    const at = Math.round(this.axes.x.back(Axes.at(this.plot, event).x));
    return at >= 0 && at < this.values.shape[1] ? at : null;
  }

  #press(event) {
    const channel = this.#channel(event);
    if (channel === null) return;
    event.preventDefault();
    this.plot.focus({ preventScroll: true });
    if (this.stage === "before" && channel === this.app.state.strong) {
      this.plot.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.held = this.scene.frames.before[0];
      this.#drag(event);
    } else this.#select(channel);
  }

  #drag(event) {
    const loud = clamp(this.axes.y.back(Axes.at(this.plot, event).y), 0, 1e4);
    this.app.set({ loud: Number(loud.toPrecision(3)) });
  }

  #release() {
    if (!this.dragging) return;
    this.dragging = false;
    this.held = null;
    this.app.refresh();
  }

  #select(channel) {
    this.app.set({ selected: [0, channel, 0] });
    this.app.say(this.app.words("bank.channel", { c: channel, value: show(this.values[channel]) }));
  }

  #key(event) {
    const channels = this.values.shape[1];
    const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (across) this.#select((this.scene.cell[1] + across + channels) % channels);
    else if (up) {
      const loud = clamp(this.app.state.loud + up * (event.shiftKey ? 50 : 10), 0, 1e4);
      this.app.set({ loud });
      this.app.say(this.app.words("bank.channel", { c: this.app.state.strong, value: show(loud) }));
    } else return;
    event.preventDefault();
  }
}
