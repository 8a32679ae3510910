// The parts of the page with a heading: those that are always seen, and those that fold.

import { h, put, text } from "./dom.js";

/** A panel, hidden where the state says so, lit and scrolled to where the tour speaks of it. */
function section(app, name, title, body, opened = () => {}) {
  const el = h("section", { class: `panel ${name}`, "data-panel": name }, ...body);
  app.on("outline", () => {
    text(title, app.words(`panel.${name}`));
    put(el, "hidden", app.state.hide.includes(name));
    put(el, "aria-label", app.words(`panel.${name}`));
  });
  let wanted = false;
  app.on("looked", (look, anew) => {
    el.classList.toggle("looked", look === name);
    if (anew) wanted = look === name;
    if (wanted) opened();
  });
  app.on("drawn", () => {
    if (!wanted) return;
    wanted = false;
    const { height } = el.getBoundingClientRect();
    const room = innerHeight - app.root.querySelector(".tour").offsetHeight;
    el.scrollIntoView({ block: height < room ? "nearest" : "start" });
  });
  return el;
}

export function panel(app, name, ...children) {
  const title = h("h2");
  return section(app, name, title, [title, ...children]);
}

/** A panel that folds. Its parts are drawn while it is open, since most are not: formulas take their time. */
export class Fold {
  constructor(app, name, ...parts) {
    const title = h("h2");
    this.parts = parts;
    const children = parts.map(({ el }) => el);
    this.box = h("details", { class: `fold ${name}box` }, h("summary", {}, title), ...children);
    this.box.addEventListener("toggle", () => {
      this.el.classList.toggle("unfolded", this.box.open);
      this.#now();
    });
    this.el = section(app, name, title, [this.box], () => {
      this.box.open = true;
    });
  }

  draw(...given) {
    this.given = given;
    this.#now();
  }

  #now() {
    if (!this.given || !this.box.open) return;
    for (const part of this.parts) part.draw(...this.given);
  }
}
