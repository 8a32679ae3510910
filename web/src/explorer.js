// The explorer: one ES module with anywidget's render({ model, el }), for a page, a notebook or a saved file.

import "./style.css";
import { App } from "./app.js";
import { Bar } from "./bar.js";
import { Batches } from "./batches.js";
import { Beats } from "./beats.js";
import { Cells } from "./cellmap.js";
import { DataPanel } from "./datapanel.js";
import { h, put, text } from "./dom.js";
import { Code, Formula, linkTerms, Operands } from "./formula.js";
import { NormMain, NormPanel, NormTop } from "./normpanel.js";
import { Fold, panel } from "./panels.js";
import { Stage } from "./stage.js";
import { Status } from "./status.js";
import { Steps } from "./steps.js";
import { Tour } from "./tour.js";
import { Values } from "./values.js";
import { first, over } from "./visit.js";

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

  draw() {
    text(this.legend, this.app.words("frame"));
    for (const button of this.buttons) {
      text(button, this.app.words(`frame.${button.dataset.frame}`));
      put(button, "aria-pressed", `${this.app.state.frame === button.dataset.frame}`);
    }
  }
}

/** What stands beside the result, if anything: its title, and the cloud on the same axes. */
class Beside {
  constructor(app) {
    this.app = app;
    this.title = h("p", { class: "whose" });
    this.stage = new Stage(app, "other");
    this.el = h("div", {}, this.title, this.stage.el);
  }

  draw(scene, arrays) {
    const shown = Boolean(arrays.other);
    this.app.root.classList.toggle("comparing", shown);
    if (!shown) return;
    text(this.title, scene.compare.title);
    this.stage.draw(scene, arrays);
  }
}

/** Everything on the page: what is drawn of each scene, and what of the controls alone. */
function parts(app) {
  const data = new DataPanel(app);
  const stages = { before: new Stage(app, "before"), after: new Stage(app, "after") };
  const steps = new Steps(app);
  const beside = new Beside(app);
  const batches = new Batches(app);
  const folds = {
    cells: new Fold(app, "cells", new Cells(app)),
    formula: new Fold(app, "formula", new Formula(app), new Operands(app)),
    code: new Fold(app, "code", new Code(app)),
    values: new Fold(app, "values", new Values(app)),
  };
  const outlined = { data, top: new NormTop(app), main: new NormMain(app), framing: new Framing(app) };
  const settings = new Fold(app, "norm", new NormPanel(app));
  // plots first: they are what is waited for
  const moving = [...Object.values(stages), beside, steps, batches];
  const drawn = [...moving, ...Object.values(folds)];
  return { ...outlined, settings, stages, steps, beside, batches, folds, outlined, moving, drawn };
}

function build(app) {
  const made = parts(app);
  const { data, top, main, framing, settings, stages, steps, beside, batches, folds } = made;
  const beats = new Beats(app);
  const before = panel(app, "before", stages.before.el);
  const after = panel(app, "after", framing.el, stages.after.el, beats.el);
  const other = panel(app, "other", beside.el);
  const point = panel(app, "point", steps.el, main.el);
  const own = new Fold(app, "data", { el: data.el, draw: () => {} }); // drawn with the controls on top
  const bar = new Bar(app, () => [before, after, other].filter((el) => !el.hidden));
  const tour = new Tour(app);
  const status = new Status(app);
  const legend = h("p", { class: "legend" });
  app.on("scene", (scene, arrays) => {
    for (const part of made.drawn) part.draw(scene, arrays);
    put(beats.el, "hidden", scene.data.view !== "cloud");
    beats.draw();
    app.root.classList.remove("failed", "blank");
    app.tell("drawn");
  });
  app.on("interim", (scene, arrays) => {
    for (const part of made.moving) part.draw(scene, arrays);
  });
  app.on("to", (at) => beats.to(at));
  app.on("outline", (outline) => {
    for (const part of [...Object.values(made.outlined), settings, batches.runs, bar]) part.draw(outline);
    if (!outline.formula) folds.code.draw(outline); // nothing was computed
    put(other, "hidden", !outline.compare.title);
    if (outline.formula) put(folds.cells.el, "hidden", !outline.cells || app.state.hide.includes("cells"));
    const cloud = ["points", "table"].includes(app.state.data);
    const kinds = ["batch", "selected", ...(cloud ? ["ghost"] : [])];
    legend.replaceChildren(...kinds.map((kind) => h("span", { class: kind }, app.words(`legend.${kind}`))));
  });
  app.on("error", () => app.root.classList.add("failed"));
  const folded = [own, settings, ...Object.values(folds)].map(({ el }) => el);
  const controls = h("div", { class: "top" }, data.kindBox, ...top.els);
  const side = h("div", { class: "side" }, point, h("div", { class: "line" }, status.status, legend));
  const run = panel(app, "batches", batches.el);
  app.root.replaceChildren(
    h("header", {}, h("h1", {}, app.words("title")), bar.el),
    h("div", { class: "intro" }, status.lead, new Invitation(app).el),
    h("div", { class: "grid" }, controls, before, after, other, side, run, ...folded),
    status.said,
    status.messages,
    tour.el,
  );
}

/** For who is here for the first time: the way is shown, a point asks to be dragged, and the tour is offered. */
class Invitation {
  constructor(app) {
    this.app = app;
    app.inviting = first(app.host);
    const button = (key, act) => h("button", { type: "button", class: "quiet", onclick: act }, app.words(key));
    this.el = h(
      "p",
      { class: "offer", hidden: !app.inviting },
      h("span", {}, app.words("offer")),
      button("offer.tour", () => app.tell("tour", 0)),
      button("offer.no", () => this.#over()),
    );
    let shown = false;
    app.on("scene", ({ data }) => {
      if (shown) return;
      shown = true;
      if (app.state.tour !== null)
        this.#over(); // who comes by a link to the tour has it
      else if (app.inviting && data.view === "cloud") app.tell("way");
    });
    app.on("tour", () => this.#over());
    app.on("dragged", () => this.#over());
  }

  #over() {
    if (!this.app.inviting) return;
    this.app.inviting = false;
    put(this.el, "hidden", true);
    over();
    this.app.tell("invited");
  }
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
