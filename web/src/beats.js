// The beats under the stage: played, stepped through, or scrubbed by hand.

import { h, put, text } from "./dom.js";
import { BEATS, LAST } from "./way.js";

const LONG = 1100; // milliseconds for a beat
const REST = 500; // and at its end
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Beats {
  constructor(app) {
    this.app = app;
    this.at = LAST;
    this.play = h("button", { type: "button", class: "quiet play", onclick: () => this.#toggle() });
    this.range = h("input", {
      type: "range",
      min: 0,
      max: LAST,
      step: 0.01,
      value: LAST,
      oninput: () => this.#scrub(),
    });
    this.range.addEventListener("keydown", (event) => this.#key(event));
    this.marks = BEATS.map((name, i) =>
      h("button", { type: "button", class: "beat", "data-beat": name, onclick: () => this.to(i) }),
    );
    this.names = h("div", { class: "marks" }, ...this.marks);
    this.el = h("div", { class: "beats", role: "group" }, this.play, h("div", {}, this.range, this.names));
    app.on("state", (patch) => Object.keys(patch).some((name) => !["selected", "hide"].includes(name)) && this.#rest());
    app.on("way", () => this.run());
    app.cleanups.push(() => cancelAnimationFrame(this.frame));
  }

  draw() {
    const { app } = this;
    put(this.el, "aria-label", app.words("beats"));
    put(this.range, "aria-label", app.words("beats"));
    text(this.play, this.frame ? `❚❚ ${app.words("pause")}` : `▶ ${app.words("beats.play")}`);
    put(this.play, "hidden", still.matches);
    put(this.range, "step", still.matches ? 1 : 0.01);
    this.#mark();
  }

  #mark() {
    const { app } = this;
    const now = Math.round(this.at);
    put(this.range, "aria-valuetext", app.words(`beat.${BEATS[now]}`));
    this.marks.forEach((mark, i) => {
      text(mark, app.words(`beat.${BEATS[i]}`));
      put(mark, "aria-pressed", `${i === now}`);
    });
  }

  /** Show the whole way, from the input on. */
  run() {
    if (still.matches) return;
    this.#stop();
    let [from, begun] = [this.at >= LAST ? 0 : this.at, null];
    const move = (now) => {
      begun ??= now;
      const spent = (now - begun) / (LONG + REST);
      const beat = Math.floor(spent + from);
      const within = Math.min(1, ((spent + from - beat) * (LONG + REST)) / LONG);
      this.#show(Math.min(LAST, beat + within));
      this.frame = beat >= LAST ? 0 : requestAnimationFrame(move);
      if (!this.frame) this.draw();
    };
    this.frame = requestAnimationFrame(move);
    this.draw();
  }

  to(at) {
    this.#stop();
    this.#show(at);
    this.draw();
  }

  #toggle() {
    if (this.frame) this.to(this.at);
    else this.run();
  }

  #scrub() {
    this.#stop();
    this.#show(Number(this.range.value));
    this.draw();
  }

  /** An arrow key goes to the next whole beat. */
  #key(event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = by > 0 ? Math.floor(this.at) + 1 : Math.ceil(this.at) - 1;
    this.to(Math.min(LAST, Math.max(0, next)));
  }

  #show(at) {
    this.at = at;
    this.#mark();
    if (Number(this.range.value) !== at) this.range.value = at;
    this.app.tell("beat", at);
  }

  #stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  /** Something was changed while the points travelled: they are shown where they end. */
  #rest() {
    if (this.frame) this.to(LAST);
  }
}
