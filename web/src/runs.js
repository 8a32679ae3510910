// Batches played, stepped, scrubbed and reset.

import { h, put, text, unique } from "./dom.js";

const SPEEDS = [0.5, 1, 1.5, 3, 6, 12]; // batches a second
const MOST = 1000; // steps

export class Runs {
  constructor(app) {
    this.app = app;
    const button = (onclick, name) => h("button", { type: "button", onclick, "data-name": name });
    this.play = button(() => this.#toggle(), "play");
    this.step = button(() => this.#step(1), "step");
    this.reset = button(() => this.#reset(), "reset");
    const [speed, scrub] = [unique("speed"), unique("scrub")];
    this.speed = h("input", { type: "range", id: speed, min: 0, max: SPEEDS.length - 1, value: 2, step: 1 });
    this.speed.addEventListener("input", () => this.#paced());
    this.speedLabel = h("label", { for: speed });
    this.scrub = h("input", { type: "range", id: scrub, min: 0, step: 1, value: 0, "data-name": "scrubber" });
    this.scrub.addEventListener("input", () => this.#to(Number(this.scrub.value)));
    this.scrubLabel = h("label", { for: scrub });
    this.pace = h("div", { class: "pace" }, this.speedLabel, this.speed);
    this.seen = h("div", { class: "pace wide" }, this.scrubLabel, this.scrub);
    this.el = h("div", { class: "runs", role: "group" }, this.play, this.step, this.reset, this.pace, this.seen);
    app.on("connection", () => this.stop());
    app.cleanups.push(() => this.stop());
  }

  draw(outline) {
    this.outline = outline;
    const { app } = this;
    const { running } = outline.batches;
    const frozen = running && app.state.mode === "eval" && app.state.compare !== "mode";
    if (frozen) this.stop();
    text(this.play, this.timer ? `❚❚ ${app.words("pause")}` : `▶ ${app.words("play")}`);
    text(this.step, `→ ${app.words("step")}`);
    text(this.reset, `↺ ${app.words("reset")}`);
    put(this.reset, "title", app.words("reset.help"));
    for (const name of ["play", "step"]) {
      put(this[name], "title", app.words(frozen ? "step.frozen" : "step.help"));
      put(this[name], "disabled", !running || frozen || !app.scene || app.state.step >= MOST);
    }
    put(this.reset, "disabled", !running || !app.scene);
    this.#sliders();
    put(this.el, "aria-label", app.words("panel.batches"));
    put(this.el, "hidden", app.state.hide.includes("play") || !running);
  }

  #sliders() {
    const { app } = this;
    text(this.speedLabel, app.words("speed"));
    put(this.speed, "aria-valuetext", app.words("speed.value", { value: SPEEDS[this.speed.value] }));
    text(this.scrubLabel, app.words("scrubber"));
    const count = app.scene?.batches.count ?? 1;
    const { step } = app.state;
    put(this.scrub, "max", Math.min(MOST, Math.max(2 * count, Math.ceil(step / count) * count)));
    put(this.scrub, "disabled", !app.scene);
    put(this.scrub, "aria-valuetext", `${step}`);
    if (Number(this.scrub.value) !== step) this.scrub.value = step;
  }

  #toggle() {
    if (this.timer) this.stop();
    else {
      this.#begin();
      this.#step(1);
    }
    this.draw(this.outline);
  }

  #begin() {
    const pause = 1000 / SPEEDS[this.speed.value];
    this.timer = setInterval(() => this.app.link.waiting() || this.#step(1), pause);
  }

  #paced() {
    if (this.timer) {
      this.stop();
      this.#begin();
    }
    this.draw(this.outline);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  #step(by) {
    const step = this.app.state.step + by;
    if (step <= MOST) return this.#to(step);
    this.stop();
    this.draw(this.outline);
  }

  /** So many batches seen; the selected point moves along into the last, where its arithmetic uses it. */
  #to(step) {
    const { app } = this;
    const { batches, data, formula } = app.scene;
    const at = ((Math.max(step, 1) - 1) % batches.count) * batches.size;
    const follow = batches.used && !formula.evaluated;
    const [, channel, place] = app.state.selected;
    app.set({ step, ...(follow ? { selected: [data.ids?.[at] ?? at, channel, place] } : {}) });
  }

  #reset() {
    this.stop();
    const [, channel, place] = this.app.state.selected;
    this.app.set({ step: 0, selected: [this.app.scene.data.ids?.[0] ?? 0, channel, place] });
    this.draw(this.outline);
  }
}
