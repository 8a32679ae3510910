// The normaliser: every row of the table that fits the data, and its settings.

import { Controls, menu } from "./controls.js";
import { h, put, text } from "./dom.js";

const FIRST = ["mode", "batch_size"]; // what is asked for most
const RARE = ["eps", "momentum"];

/** What stands on top of the page: the row, its mode, the size of a batch, and what it is compared with. */
export class NormTop {
  constructor(app) {
    this.app = app;
    this.row = menu(app, { change: (norm) => app.set({ norm }) });
    this.row.el.dataset.control = "norm";
    this.label = h("label", { for: this.row.id });
    this.first = new Controls(app, ({ name }) => FIRST.includes(name));
    this.beside = menu(app, { change: (compare) => app.set({ compare }) });
    this.beside.el.dataset.control = "compare";
    this.besideLabel = h("label", { for: this.beside.id });
    this.besideBox = h("div", { class: "control choice" }, this.besideLabel, this.beside.el);
    this.rowBox = h("div", { class: "control choice" }, this.label, this.row.el);
    this.els = [this.rowBox, this.first.el, this.besideBox];
  }

  draw(scene) {
    const { app } = this;
    text(this.label, app.words("norm.choose"));
    const rows = scene.rows.map(({ name, title, fits, why }) => ({ name, title, disabled: !fits, why }));
    this.row.draw(rows, scene.state.norm);
    put(this.rowBox, "hidden", app.state.hide.includes("norm"));
    this.first.draw(scene);
    text(this.besideLabel, app.words("compare"));
    const { options } = scene.compare;
    const hidden = app.state.hide.includes("compare");
    put(this.besideBox, "hidden", !options.length || hidden);
    const chosen = options.some(({ name }) => name === scene.state.compare) ? scene.state.compare : "";
    this.beside.draw(options, chosen);
  }
}

/** The settings that move the points: weight and bias, and what only this row has. */
export class NormMain {
  constructor(app) {
    const main = ({ group, name }) => group === "norm" && ![...FIRST, ...RARE].includes(name);
    this.controls = new Controls(app, main);
    this.el = this.controls.el;
  }

  draw(scene) {
    this.controls.draw(scene);
  }
}

export class NormPanel {
  constructor(app) {
    this.app = app;
    this.controls = new Controls(app, ({ name }) => RARE.includes(name));
    this.note = h("p", { class: "note" });
    this.own = h("button", { type: "button", class: "quiet", onclick: () => this.#show(this.kind) });
    this.el = h("div", {}, this.controls.el, this.own, this.note);
  }

  draw(scene) {
    const { app } = this;
    this.controls.draw(scene);
    this.kind = app.hello.related[scene.state.norm];
    put(this.own, "hidden", !this.kind || this.kind === scene.data.kind);
    text(this.own, this.kind ? app.words(`norm.see.${this.kind}`) : "");
    const { running, used } = scene.batches;
    const chosen = scene.rows.find(({ name }) => name === scene.state.norm);
    text(this.note, running || used ? "" : app.words("batches.none", { norm: chosen.title }));
  }

  /** The picture that this row has of its own. */
  #show(kind) {
    this.app.begin({ data: kind, ...this.app.hello.starts[kind] });
  }
}
