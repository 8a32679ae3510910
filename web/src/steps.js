// The arithmetic of the selected point, a line for each beat; the line that the stage shows is lit.

import { each, h, put, text } from "./dom.js";
import { BEATS, LAST } from "./way.js";

export class Steps {
  constructor(app) {
    this.app = app;
    this.title = h("p", { class: "whose" });
    this.lines = BEATS.map((name, i) => new Step(app, name, i));
    this.el = h("div", { class: "steps" }, this.title, ...this.lines.map(({ el }) => el));
    app.on("beat", (at) => this.light(at));
    this.light(LAST);
  }

  draw(scene) {
    const { app } = this;
    const { formula, data } = scene;
    const names = formula.operands.map(({ channel }) => data.names[channel]);
    const row = data.ids?.[scene.cell[0]] ?? scene.cell[0];
    const place = data.view === "block" ? `, ${scene.cell.slice(2).join(" × ")}` : "";
    text(this.title, app.words(`point.title.${data.view}`, { row, name: names.join(", ") + place }));
    for (const line of this.lines) line.draw(formula.operands, names);
  }

  light(at) {
    const now = Math.ceil(at - 0.001);
    this.lines.forEach(({ el }, i) => {
      el.classList.toggle("now", i === now);
    });
  }
}

class Step {
  constructor(app, name, number) {
    Object.assign(this, { app, name, number });
    this.head = h("button", { type: "button", class: "beatname", onclick: () => app.tell("to", number) });
    this.sums = h("div", { class: "sums" });
    this.el = h("div", { class: "step", "data-step": name }, this.head, this.sums);
  }

  draw(operands, names) {
    const { app, name, number } = this;
    const refused = [["", app.words("step.refused")]];
    const last = name === "output";
    const sums = operands.map(({ beats, values }) => (last && unknown(values.y) ? refused : beats[name]));
    const plain = last && operands.every(({ beats }) => beats[name].length < 2);
    text(this.head, `${number || ""} ${app.words(plain ? "step.plain" : `step.${name}`)}`.trim());
    put(this.head, "title", app.words(`beat.${name}`));
    each(
      this.sums,
      sums,
      () => h("span", { class: "sum" }),
      (box, parts, i) => {
        put(box, "title", names[i]);
        const shown = parts.length ? parts : [["", app.words("step.nothing")]];
        each(box, shown, () => h("span"), part);
      },
    );
  }
}

const unknown = (value) => value == null || Number.isNaN(value);

function part(el, [term, words]) {
  put(el, "data-term", term && term !== "scaled" ? term : null);
  put(el, "class", term ? null : "sign");
  text(el, words);
}
