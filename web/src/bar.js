// The bar on top: batches played, stepped and reset, presets, sharing, export, hiding, the tour.

import { menu } from "./controls.js";
import { each, h, put, save, text } from "./dom.js";
import { figure, png } from "./figure.js";
import { copied } from "./formula.js";

export class Bar {
  constructor(app, panels) {
    Object.assign(this, { app, panels });
    const button = (onclick, name) => h("button", { type: "button", onclick, "data-name": name });
    this.undo = button(() => app.history.undo(), "undo");
    this.redo = button(() => app.history.redo(), "redo");
    this.presets = menu(app, { change: (name) => this.#preset(name) });
    this.presetLabel = h("label", { for: this.presets.id });
    this.share = button(() => this.#share(), "share");
    this.files = this.#menu("export");
    this.hiding = this.#menu("hide");
    this.tour = button(() => app.tell("tour", 0), "tour");
    this.preset = h("div", { class: "group presets" }, this.presetLabel, this.presets.el);
    const undo = h("div", { class: "group" }, this.undo, this.redo);
    this.el = h("div", { class: "bar" }, undo, this.preset, this.share, this.files.el, this.hiding.el, this.tour);
    app.on("state", () => this.#undoing());
  }

  draw(outline) {
    const { app } = this;
    const { hide } = app.state;
    this.#undoing();
    this.#presets();
    text(this.share, app.words("share"));
    put(this.share, "hidden", hide.includes("share"));
    put(this.files.el, "hidden", hide.includes("export"));
    text(this.tour, app.words("tour"));
    this.#files();
    this.#hiding(outline);
  }

  #undoing() {
    const { app } = this;
    for (const [name, sign] of [
      ["undo", "↶"],
      ["redo", "↷"],
    ]) {
      text(this[name], sign);
      put(this[name], "aria-label", app.words(name));
      put(this[name], "title", app.words(`${name}.help`));
      put(this[name], "disabled", !app.history.can[name]);
    }
  }

  #presets() {
    const { app } = this;
    text(this.presetLabel, app.words("preset"));
    put(this.preset, "hidden", app.state.hide.includes("preset"));
    const known = Object.keys(app.hello.presets).map((name) => ({ name, title: app.words(`preset.${name}`) }));
    this.presets.draw([{ name: "", title: app.words("preset.choose") }, ...known], this.chosen ?? "");
  }

  #preset(name) {
    this.chosen = name;
    if (!name) return;
    this.app.begin({ ...this.app.hello.presets[name] }, ["hide"]);
    this.app.tell("notice", this.app.words(`preset.${name}.notice`));
  }

  async #share() {
    const { app } = this;
    if (app.host === "jupyter") {
      const { content } = await app.link.ask({ type: "file", what: "notebook", state: app.changed() });
      if (content.type === "refused") return app.tell("error", content.words);
      return copied(app, content.text, "share.python");
    }
    const hash = app.address();
    if (hash === null) return app.tell("error", app.words("share.large"));
    return copied(app, `${location.href.split("#")[0]}${hash}`, "share.copied");
  }

  #menu(name) {
    const summary = h("summary");
    const list = h("div", { class: "choices" });
    const el = h("details", { class: "menu", "data-name": name }, summary, list);
    const shut = (event) => {
      if (event.key === "Escape" || (event.type === "pointerdown" && !el.contains(event.target))) el.open = false;
    };
    this.app.root.addEventListener("pointerdown", shut);
    el.addEventListener("keydown", shut);
    return { el, summary, list };
  }

  #files() {
    const { app, files } = this;
    text(files.summary, app.words("export"));
    const kinds = ["svg", "png", ...(app.host === "offline" ? [] : ["csv", "code"])];
    each(
      files.list,
      kinds,
      (kind) => h("button", { type: "button", onclick: () => this.#save(kind) }),
      (item, kind) => {
        text(item, app.words(`export.${kind}`));
        put(item, "disabled", !app.scene); // nothing was drawn yet
      },
    );
  }

  async #save(kind) {
    const { app } = this;
    this.files.el.open = false;
    if (kind === "csv" || kind === "code") {
      const { content } = await app.link.ask({ type: "file", what: kind, state: app.changed() });
      if (content.type === "refused") return app.tell("error", content.words);
      save(content.name, content.text);
      return app.say(app.words("export.done", { name: content.name }));
    }
    const paper = getComputedStyle(app.root).getPropertyValue("--paper").trim();
    const source = figure(this.panels(), app.scene.status, paper);
    const name = `normlab-explorer.${kind}`;
    save(name, kind === "svg" ? source : await png(source), "image/svg+xml");
    return app.say(app.words("export.done", { name }));
  }

  #hiding({ controls: known }) {
    const { app, hiding } = this;
    text(hiding.summary, app.words("hide"));
    put(hiding.summary, "title", app.words("hide.help"));
    const controls = known.map(({ name }) => name);
    const names = [...new Set([...app.hello.panels, ...controls, ...app.state.hide])];
    each(
      hiding.list,
      names,
      () => this.#box(),
      (label, name) => {
        label.box.name = name;
        label.box.checked = app.state.hide.includes(name);
        text(
          label.lastChild,
          app.strings[`panel.${name}`] ?? app.strings[`control.${name}`] ?? app.strings[name] ?? name,
        );
      },
    );
  }

  #box() {
    const box = h("input", { type: "checkbox" });
    box.addEventListener("change", () => {
      const rest = this.app.state.hide.filter((name) => name !== box.name);
      this.app.set({ hide: box.checked ? [...rest, box.name] : rest });
    });
    return Object.assign(h("label", {}, box, h("span")), { box });
  }
}
