// Before, after, or what that is compared with: the picture that fits the data, and its histograms.

import { Bank } from "./bank.js";
import { Curve } from "./curve.js";
import { h, put, text } from "./dom.js";
import { counted, Histogram } from "./histogram.js";
import { Scatter } from "./scatter.js";
import { Tiles } from "./tiles.js";
import { LAST } from "./way.js";

const finger = matchMedia("(hover: none) and (pointer: coarse)");

export class Stage {
  constructor(app, stage) {
    Object.assign(this, { app, stage });
    this.scatter = new Scatter(app, stage);
    this.views = { cloud: this.scatter };
    if (stage !== "other") {
      const more = { block: new Tiles(app, stage), bank: new Bank(app, stage), contrast: new Curve(app, stage) };
      Object.assign(this.views, more);
    }
    this.histograms = [new Histogram(app, stage), new Histogram(app, stage)];
    this.picture = h("div", { class: "picture" });
    this.row = h("div", { class: "histograms" }, ...this.histograms.map(({ el }) => el));
    this.hint = h("p", { class: "hint" });
    this.el = h("div", {}, this.picture, this.row, ...(stage === "before" ? [this.hint] : []));
    if (stage === "after") app.on("beat", (at) => this.#travel(at));
  }

  draw(scene, arrays) {
    const view = this.views[scene.data.view];
    if (!view) return;
    if (this.picture.firstChild !== view.el) this.picture.replaceChildren(view.el);
    if (scene.data.view === "block") view.draw(this.#tiles(scene, arrays));
    else view.draw(scene, arrays);
    text(this.hint, this.#hint(scene));
    const way = this.stage === "after" && scene.data.view === "cloud" && this.scatter.beat < LAST;
    if (way) this.#travel(this.scatter.beat);
    else if (this.stage === "other") this.#counted(scene);
    else this.#histograms(scene, arrays[this.stage]);
  }

  #hint({ data: { view }, batches }) {
    if (view === "cloud" && !batches.used) return this.app.words("hint.cloud.alone");
    const touch = `hint.${view}.touch`;
    return this.app.words(finger.matches && touch in this.app.strings ? touch : `hint.${view}`);
  }

  /** Histograms of what the plot shows, on its axes. */
  #counted(scene) {
    const { values, axes } = this.scatter;
    this.#histograms(scene, values, (i) => counted(values, i, scene, axes, this.stage !== "other"));
  }

  /** The points at a moment of their way, and histograms of where they are then. */
  #travel(at) {
    this.scatter.travel(at);
    const { scene, arrays } = this.app;
    if (scene?.data.view !== "cloud") return;
    if (at >= LAST) this.#histograms(scene, arrays.after);
    else this.#counted(scene);
  }

  #tiles(scene, arrays) {
    const { words } = this.app;
    return {
      values: arrays[this.stage],
      pooled: scene.formula.evaluated ? null : arrays.cells,
      space: scene.data.shape.slice(2),
      names: scene.data.names,
      selected: this.app.scene.cell.length > 2 ? flat(scene) : scene.cell,
      range: scene.frames[this.stage][0],
      label: words.call(this.app, `block.${this.stage}`),
      help: words.call(this.app, "block.help"),
    };
  }

  #histograms(scene, values, count) {
    const found = scene.histograms ?? [];
    this.histograms.forEach((histogram, i) => {
      const bins = count?.(i) ?? found[i]?.[this.stage];
      put(histogram.el, "hidden", !bins);
      if (!bins) return;
      const { column } = found[i];
      const value = column === null ? valueAt(scene, values) : values[scene.cell[0] * values.shape[1] + i];
      histogram.draw(bins, column === null ? this.app.words("hist.all") : scene.data.names[column], value);
    });
  }
}

/** The selected cell with its place in space as one number. */
export function flat(scene) {
  const [n, c, ...place] = scene.cell;
  const space = scene.data.shape.slice(2);
  return [n, c, place.reduce((at, i, axis) => at * space[axis] + i, 0)];
}

function valueAt(scene, values) {
  const [n, c, s] = flat(scene);
  return values[(n * values.shape[1] + c) * values.shape[2] + s];
}
