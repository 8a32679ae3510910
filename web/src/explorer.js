// The explorer: one ES module with anywidget's render({ model, el }), for a page, a notebook or a saved file.

import "./style.css";
import { App } from "./app.js";
import { Bank } from "./bank.js";
import { Bar } from "./bar.js";
import { Batches } from "./batches.js";
import { Curve } from "./curve.js";
import { DataPanel } from "./datapanel.js";
import { h, put, text } from "./dom.js";
import { Code, Formula, linkTerms, Operands } from "./formula.js";
import { Histogram } from "./histogram.js";
import { NormPanel } from "./normpanel.js";
import { Scatter } from "./scatter.js";
import { Tiles } from "./tiles.js";
import { Tour } from "./tour.js";
import { Values } from "./values.js";

/** A panel with a heading, hidden where the state says so. */
function panel(app, name, ...children) {
  const title = h("h2");
  const el = h("section", { class: `panel ${name}`, "data-panel": name }, title, ...children);
  app.on("outline", () => {
    text(title, app.words(`panel.${name}`));
    put(el, "hidden", app.state.hide.includes(name));
    put(el, "aria-label", app.words(`panel.${name}`));
  });
  app.on("looked", (look) => el.classList.toggle("looked", look === name));
  return el;
}

/** Before or after: the picture that fits the data, and its histograms. */
class Stage {
  constructor(app, stage) {
    Object.assign(this, { app, stage });
    this.views = {
      cloud: new Scatter(app, stage),
      block: new Tiles(app, stage),
      bank: new Bank(app, stage),
      contrast: new Curve(app, stage),
    };
    this.histograms = [new Histogram(app, stage), new Histogram(app, stage)];
    this.picture = h("div");
    this.row = h("div", { class: "histograms" }, ...this.histograms.map(({ el }) => el));
    this.el = h("div", {}, this.picture, this.row);
  }

  draw(scene, arrays) {
    const view = this.views[scene.data.view];
    if (this.picture.firstChild !== view.el) this.picture.replaceChildren(view.el);
    if (scene.data.view === "block") view.draw(this.#tiles(scene, arrays));
    else view.draw(scene, arrays);
    this.#histograms(scene, arrays[this.stage]);
  }

  #tiles(scene, arrays) {
    const { words } = this.app;
    return {
      values: arrays[this.stage],
      space: scene.data.shape.slice(2),
      names: scene.data.names,
      selected: this.app.scene.cell.length > 2 ? flat(scene) : scene.cell,
      range: scene.frames[this.stage][0],
      label: words.call(this.app, `block.${this.stage}`),
      help: words.call(this.app, "block.help"),
    };
  }

  #histograms(scene, values) {
    const found = scene.histograms ?? [];
    this.histograms.forEach((histogram, i) => {
      put(histogram.el, "hidden", !found[i]);
      if (!found[i]) return;
      const { column } = found[i];
      const value = column === null ? valueAt(scene, values) : values[scene.cell[0] * values.shape[1] + i];
      histogram.draw(
        found[i][this.stage],
        column === null ? this.app.words("hist.all") : scene.data.names[column],
        value,
      );
    });
  }
}

/** The selected cell with its place in space as one number. */
function flat(scene) {
  const [n, c, ...place] = scene.cell;
  const space = scene.data.shape.slice(2);
  return [n, c, place.reduce((at, i, axis) => at * space[axis] + i, 0)];
}

function valueAt(scene, values) {
  const [n, c, s] = flat(scene);
  return values[(n * values.shape[1] + c) * values.shape[2] + s];
}

/** Which cells: the block, or the part of a batch around the selected point. */
class Cells {
  constructor(app) {
    this.app = app;
    this.tiles = new Tiles(app, "cells");
    this.count = h("p", { class: "note" });
    this.el = h("div", {}, this.tiles.el, this.count);
  }

  draw(scene, arrays) {
    const { app } = this;
    put(this.el.parentElement, "hidden", !scene.cells || app.state.hide.includes("cells"));
    if (!scene.cells) return;
    const { first, shape, all, pooled } = scene.cells;
    const space = scene.data.view === "block" ? scene.data.shape.slice(2) : [];
    arrays.cells.shape = shape;
    this.tiles.draw({
      values: arrays.cells,
      space,
      names: scene.data.names,
      selected: flat(scene).length > 2 && space.length ? flat(scene) : [scene.cell[0], scene.cell[1], 0],
      range: [0, 1],
      first,
      label: app.words("panel.cells"),
      help: app.words(scene.formula.evaluated ? "cells.eval" : "cells.help"),
    });
    const part = shape[0] < all ? ` ${app.words("cells.more", { shown: shape[0], all })}` : "";
    const count = app.words("cells.count", {
      pooled,
      all: scene.batches.used ? all * scene.data.shape[1] : product(scene.data.shape),
    });
    text(this.count, scene.formula.evaluated ? "" : count + part);
  }
}

const product = (sizes) => sizes.reduce((a, b) => a * b, 1);

/** Axes fixed, shared or automatic. */
class Framing {
  constructor(app) {
    this.app = app;
    this.legend = h("legend");
    this.buttons = ["fixed", "shared", "auto"].map((name) =>
      h("button", { type: "button", onclick: () => app.set({ frame: name }), "data-frame": name }),
    );
    this.el = h("fieldset", { class: "framing" }, this.legend, ...this.buttons);
  }

  /** `framings` are those that there are, where not all can be computed. */
  draw({ framings }) {
    text(this.legend, this.app.words("frame"));
    for (const button of this.buttons) {
      put(button, "disabled", framings && !framings.includes(button.dataset.frame));
      text(button, this.app.words(`frame.${button.dataset.frame}`));
      put(button, "aria-pressed", `${this.app.state.frame === button.dataset.frame}`);
    }
  }
}

/** What is said: the state of things, what just happened, what went wrong. */
class Status {
  constructor(app) {
    this.status = h("p", { class: "status" });
    this.said = h("p", { class: "said", role: "status" });
    this.notice = h("p", { class: "notice", hidden: true });
    this.error = h("div", { class: "error", role: "alert", hidden: true });
    this.problems = h("div", { class: "error", role: "alert", hidden: true });
    app.on("scene", (scene) => {
      text(this.status, scene.status);
      shown(this.error, scene.warning);
    });
    app.on("said", (words) => text(this.said, words));
    app.on("notice", (words) => shown(this.notice, words));
    app.on("state", () => {
      shown(this.notice, "");
      shown(this.problems, "");
    });
    app.on("problems", (words) => shown(this.problems, words));
    app.on("error", (words) => shown(this.error, words));
    app.on("connection", (open) => shown(this.error, open ? "" : app.words("lost")));
  }
}

function shown(element, words) {
  put(element, "hidden", !words);
  text(element, words);
}

function build(app) {
  const stages = [new Stage(app, "before"), new Stage(app, "after")];
  const parts = {
    data: new DataPanel(app),
    norm: new NormPanel(app),
    framing: new Framing(app),
    batches: new Batches(app),
    cells: new Cells(app),
    formula: new Formula(app),
    point: new Operands(app),
    code: new Code(app),
    values: new Values(app),
  };
  const panels = {
    data: panel(app, "data", parts.data.el),
    before: panel(app, "before", stages[0].el),
    norm: panel(app, "norm", parts.norm.el),
    after: panel(app, "after", parts.framing.el, stages[1].el),
    batches: panel(app, "batches", parts.batches.el),
    cells: panel(app, "cells", parts.cells.el),
    formula: panel(app, "formula", parts.formula.el),
    point: panel(app, "point", parts.point.el),
    code: panel(app, "code", parts.code.el),
    values: panel(app, "values", parts.values.el),
  };
  const bar = new Bar(app, () => [panels.before, panels.after].filter((el) => !el.hidden));
  const tour = new Tour(app);
  const status = new Status(app);
  const legend = h("p", { class: "legend" });
  const { data, norm, framing, ...drawn } = parts;
  app.on("scene", (scene, arrays) => {
    // plots first: they are what is waited for
    for (const part of [...stages, ...Object.values(drawn)]) part.draw(scene, arrays);
    app.root.classList.remove("failed", "blank");
  });
  app.on("outline", (outline) => {
    for (const part of [data, norm, framing, bar]) part.draw(outline);
    legend.replaceChildren(
      h("span", { class: "batch" }, app.words("legend.batch")),
      h("span", { class: "selected" }, app.words("legend.selected")),
    );
  });
  app.on("error", () => app.root.classList.add("failed"));
  const title = h("h1", {}, app.words("title"));
  app.root.replaceChildren(
    h("header", {}, title, bar.el),
    status.problems,
    status.error,
    tour.el,
    status.notice,
    h("div", { class: "line" }, status.status, legend),
    h("div", { class: "grid" }, ...Object.values(panels)),
    status.said,
  );
}

function render({ model, el }) {
  const root = h("div", { class: "normlab-explorer blank", lang: "en-GB" });
  const app = new App(model, root);
  app.on("hello", () => build(app));
  el.append(root);
  linkTerms(root);
  app.start();
  return () => {
    app.close();
    root.remove();
  };
}

export default { render };
