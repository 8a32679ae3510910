// The selected point asks a new visitor to drag it.

import { put, svg, text } from "./dom.js";
import { round } from "./numbers.js";

export class Invited {
  constructor(app) {
    this.app = app;
    this.words = svg("text", { x: 13, y: 4 });
    this.el = svg("g", { class: "invitation", visibility: "hidden" }, svg("circle", { r: 9 }), this.words);
    app.on("invited", () => put(this.el, "visibility", "hidden"));
  }

  draw([x, y]) {
    const asks = this.app.inviting && Number.isFinite(x + y);
    put(this.el, "visibility", asks ? null : "hidden");
    if (!asks) return;
    put(this.el, "transform", `translate(${round(x)} ${round(y)})`);
    text(this.words, this.app.words("drag.me"));
  }
}
