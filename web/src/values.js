// Before and after as a table, for readers of screens and for copying.

import { each, h, text } from "./dom.js";
import { show } from "./numbers.js";

const MOST = 512;

export class Values {
  constructor(app) {
    this.app = app;
    this.caption = h("caption");
    this.head = h("tr");
    this.rows = h("tbody");
    const table = h("table", { class: "values" }, this.caption, h("thead", {}, this.head), this.rows);
    this.el = h("div", { class: "scroll tall", tabindex: 0, role: "region" }, table);
  }

  draw(scene, arrays) {
    Object.assign(this, { scene, arrays });
    this.el.setAttribute("aria-label", this.app.words("panel.values"));
    this.#fill();
  }

  #fill() {
    const { app, scene } = this;
    const { before, after } = this.arrays;
    const columns = before.shape.slice(1).reduce((product, size) => product * size, 1);
    const [first, last, some] = this.#range(before.shape[0]);
    const names = this.#names(columns);
    const caption = some
      ? app.words("values.some", { shown: last - first, all: before.shape[0] })
      : app.words("values.caption");
    text(this.caption, caption);
    const heads = [
      app.words("values.row"),
      ...names.map((name) => app.words("values.before", { name })),
      ...names.map((name) => app.words("values.after", { name })),
    ];
    each(this.head, heads, () => h("th", { scope: "col" }), text);
    const rows = Array.from({ length: last - first }, (_, i) => first + i);
    each(
      this.rows,
      rows,
      () => h("tr", {}, h("th", { scope: "row" })),
      (row, i) => {
        text(row.firstChild, `${scene.data.ids?.[i] ?? i}`);
        const values = [before, after].flatMap((array) => Array.from(array.slice(i * columns, (i + 1) * columns)));
        while (row.childElementCount > values.length + 1) row.lastElementChild.remove();
        values.forEach((value, c) => {
          text(row.children[c + 1] ?? row.appendChild(h("td", { class: "number" })), show(value, 6));
        });
      },
    );
  }

  #range(rows) {
    const [first, last] = this.scene.batches.slice;
    return rows > MOST ? [first, Math.min(last, first + MOST), true] : [0, rows, false];
  }

  #names(columns) {
    const { data, columns: shown } = this.scene;
    if (columns === shown.length) return shown.map((column) => data.names[column]);
    const places = columns / data.names.length;
    return Array.from({ length: columns }, (_, i) => {
      const name = data.names[Math.floor(i / places)];
      return places > 1 ? `${name} [${i % places}]` : name;
    });
  }
}
