// The data: which kind, its sliders, and a person's own table, pasted or dropped.

import { Controls, menu } from "./controls.js";
import { h, put, text, unique } from "./dom.js";
import { forget, kept } from "./kept.js";

const SHOWN = 100_000; // characters; a text area of more takes the browser many seconds to lay out
const DECIMALS = { "": "found", ".": "point", ",": "comma" };

export class DataPanel {
  constructor(app) {
    this.app = app;
    this.kind = menu(app, { change: (kind) => this.#choose(kind) });
    this.kindLabel = h("label", { for: this.kind.id });
    this.controls = new Controls(app, ({ group }) => group === "data");
    this.kindBox = h("div", { class: "control choice" }, this.kindLabel, this.kind.el);
    const other = () => app.set({ seed: this.#seed(), step: 0 });
    this.reseed = h("button", { type: "button", class: "quiet", "data-name": "reseed", onclick: other });
    this.axes = [0, 1].map((i) => menu(app, { change: (column) => this.#axis(i, Number(column)) }));
    this.axesBox = h(
      "div",
      { class: "control choice" },
      ...this.axes.flatMap(({ el, id }) => [h("label", { for: id }), el]),
    );
    const id = unique("paste");
    this.pasteLabel = h("label", { for: id });
    this.paste = h("textarea", { id, rows: 3, spellcheck: "false" });
    this.paste.addEventListener("paste", (event) => this.#pasted(event));
    this.decimal = menu(app, { change: (sign) => this.decimal.draw(this.#decimals(), sign) });
    this.decimalLabel = h("label", { for: this.decimal.id });
    this.use = h("button", { type: "button", onclick: () => this.#take(this.paste.value, "") });
    this.file = h("input", {
      type: "file",
      accept: ".csv,.tsv,.txt,text/csv",
      onchange: () => this.#file(this.file.files[0]),
    });
    this.own = h(
      "details",
      { class: "own" },
      h("summary"),
      this.pasteLabel,
      this.paste,
      h("div", { class: "control choice" }, this.decimalLabel, this.decimal.el),
      h("div", { class: "row" }, this.use, this.file),
    );
    this.notes = h("p", { class: "note" });
    this.forget = h("button", { type: "button", class: "quiet", onclick: () => this.#forget() });
    this.undo = h("button", { type: "button", class: "quiet", onclick: () => app.set({ edits: {} }) });
    this.el = h(
      "div",
      {},
      this.axesBox,
      this.controls.el,
      h("div", { class: "row" }, this.reseed, this.undo),
      this.own,
      this.forget,
      this.notes,
    );
    this.#drops();
  }

  draw(scene) {
    const { app } = this;
    this.known = scene.controls; // there even where the first state cannot be drawn
    text(this.kindLabel, app.words("data.kind"));
    const kinds = app.hello.data.filter(
      (kind) => kind !== "table" || app.own || app.hello.given || scene.data.kind === "table",
    );
    this.kind.draw(
      kinds.map((name) => ({ name, title: app.words(`data.${name}`) })),
      scene.data.kind,
    );
    this.controls.draw(scene);
    this.#columns(scene);
    put(this.kindBox, "hidden", app.state.hide.includes("data"));
    text(this.reseed, `⟳ ${app.words("reseed")}`);
    put(this.reseed, "title", app.words("reseed.help"));
    put(this.reseed, "hidden", !scene.controls.some(({ name }) => name === "seed"));
    text(this.forget, app.words("table.forget"));
    put(this.forget, "hidden", app.host !== "page" || !kept());
    text(this.undo, app.words("undo.edits"));
    put(this.undo, "hidden", !scene.data.edited);
    text(this.own.firstChild, app.words("data.table"));
    text(this.pasteLabel, app.words("data.paste"));
    text(this.use, app.words("data.use"));
    text(this.decimalLabel, app.words("data.decimal"));
    this.decimal.draw(this.#decimals(), this.decimal.el.value);
    put(this.file, "aria-label", app.words("data.file"));
    text(this.notes, scene.data.notes.join(" "));
  }

  /** Another seed; where draws are stored, the next of those. */
  #seed() {
    const { values, value } = this.known.find(({ name }) => name === "seed");
    return values ? values[(values.indexOf(value) + 1) % values.length] : Math.floor(Math.random() * 10_000);
  }

  #columns(scene) {
    const { names } = scene.data;
    const many = scene.data.kind === "table" && names.length > 2;
    put(this.axesBox, "hidden", !many);
    if (!many) return;
    const options = names.map((title, i) => ({ name: `${i}`, title }));
    this.axes.forEach((axis, i) => {
      text(axis.el.previousElementSibling, this.app.words(i ? "data.vertical" : "data.horizontal"));
      axis.draw(options, `${scene.columns[i] ?? scene.columns[0]}`);
    });
  }

  #axis(i, column) {
    const axes = [...this.app.scene.columns];
    if (axes.length < 2) axes.push(axes[0]);
    axes[i] = column;
    this.app.set({ axes });
  }

  #choose(kind) {
    const { app } = this;
    const table = app.state.table || app.own?.key || app.hello.given || "";
    app.begin({ data: kind, ...app.hello.starts[kind], ...(kind === "table" ? { table } : {}) });
  }

  #forget() {
    forget();
    put(this.forget, "hidden", true);
    this.app.say(this.app.words("table.forgotten"));
  }

  #drops() {
    const box = this.el;
    const over = (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      box.classList.add("dropping");
    };
    this.app.root.addEventListener("dragover", over);
    this.app.root.addEventListener("dragleave", () => box.classList.remove("dropping"));
    this.app.root.addEventListener("drop", (event) => {
      box.classList.remove("dropping");
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.#file(event.dataTransfer.files[0]);
    });
  }

  #decimals() {
    return Object.entries(DECIMALS).map(([name, word]) => ({ name, title: this.app.words(`data.decimal.${word}`) }));
  }

  /** A long text is used at once, and never shown. */
  #pasted(event) {
    const content = event.clipboardData?.getData("text/plain") ?? "";
    if (content.length <= SHOWN) return;
    event.preventDefault();
    this.paste.value = "";
    this.#take(content, "");
  }

  async #file(file) {
    if (!file) return;
    if (file.size > this.app.hello.limits.text) {
      this.#refuse(file.size);
      return;
    }
    await this.#take(await file.text(), file.name);
  }

  #refuse(size) {
    const told = { size: size.toLocaleString("en-GB"), most: this.app.hello.limits.text.toLocaleString("en-GB") };
    this.app.tell("error", this.app.words("data.large", told));
  }

  async #take(content, name) {
    const { app } = this;
    if (content.length > app.hello.limits.text) {
      this.#refuse(content.length);
      return;
    }
    put(this.use, "disabled", true);
    app.say(app.words("data.reading", { size: content.length.toLocaleString("en-GB") }));
    const read = await app.useTable(content, name, this.decimal.el.value);
    put(this.use, "disabled", false);
    if (!read) {
      app.say("");
      return;
    }
    this.own.open = false;
    app.begin({
      data: "table",
      table: read.key,
      axes: [0, Math.min(1, read.columns.length - 1)],
      norm: app.state.norm,
    });
    if (!read.kept) app.tell("notice", app.words("table.unkept"));
    app.say(app.words("data.read", { rows: read.rows, columns: read.columns.length, name: read.name }));
  }
}
