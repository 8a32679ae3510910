// The normaliser: every row of the table that fits the data, and its settings.

import { Controls, menu } from "./controls.js";
import { h, put, text } from "./dom.js";

export class NormPanel {
  constructor(app) {
    this.app = app;
    this.row = menu(app, { change: (norm) => app.set({ norm }) });
    this.row.el.dataset.control = "norm";
    this.label = h("label", { for: this.row.id });
    this.controls = new Controls(app, "norm");
    this.batches = new Controls(app, "batches");
    this.note = h("p", { class: "note" });
    this.own = h("button", { type: "button", class: "quiet", onclick: () => this.#show(this.kind) });
    this.el = h(
      "div",
      {},
      h("div", { class: "control choice" }, this.label, this.row.el),
      this.controls.el,
      this.batches.el,
      this.own,
      this.note,
    );
  }

  draw(scene) {
    text(this.label, this.app.words("norm.choose"));
    const rows = scene.rows.map(({ name, title, fits, why }) => ({ name, title, disabled: !fits, why }));
    this.row.draw(rows, scene.state.norm);
    this.controls.draw(scene);
    this.batches.draw(scene);
    this.kind = this.app.hello.related[scene.state.norm];
    put(this.own, "hidden", !this.kind || this.kind === scene.data.kind);
    text(this.own, this.kind ? this.app.words(`norm.see.${this.kind}`) : "");
    const { running, used } = scene.batches;
    const chosen = rows.find(({ name }) => name === scene.state.norm);
    text(this.note, running || used ? "" : this.app.words("batches.none", { norm: chosen.title }));
  }

  /** The picture that this row has of its own. */
  #show(kind) {
    this.app.begin({ data: kind, ...this.app.hello.starts[kind] });
  }
}
