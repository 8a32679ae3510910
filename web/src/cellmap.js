// Which cells: the block, or the part of a batch around the selected point.

import { h, text } from "./dom.js";
import { flat } from "./stage.js";
import { Tiles } from "./tiles.js";

export class Cells {
  constructor(app) {
    this.app = app;
    this.tiles = new Tiles(app, "cells");
    this.count = h("p", { class: "note" });
    this.none = h("p", { class: "none" });
    this.el = h("div", {}, this.none, this.tiles.el, this.count);
  }

  draw(scene, arrays) {
    const { app } = this;
    text(this.none, app.words("lead.none"));
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
