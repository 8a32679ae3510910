// The bar on top: batches played, stepped and reset, presets, sharing, export, hiding, the tour.

import { menu } from "./controls.js";
import { each, h, put, save, text } from "./dom.js";
import { figure, png } from "./figure.js";
import { copied } from "./formula.js";

const PAUSE = 700; // milliseconds between steps
const MOST = 1000; // steps, where Python is there to take them

export class Bar {
  constructor(app, panels) {
    Object.assign(this, { app, panels });
    const button = (onclick, name) => h("button", { type: "button", onclick, "data-name": name });
    this.play = button(() => this.#toggle(), "play");
    this.step = button(() => this.#step(), "step");
    this.reset = button(() => this.#reset(), "reset");
    this.reseed = button(() => app.set({ seed: Math.floor(Math.random() * 10_000), step: 0 }), "reseed");
    this.presets = menu(app, { change: (name) => this.#preset(name) });
    this.presetLabel = h("label", { for: this.presets.id });
    this.share = button(() => this.#share(), "share");
    this.files = this.#menu("export");
    this.hiding = this.#menu("hide");
    this.tour = button(() => app.tell("tour", 0), "tour");
    this.runs = h("div", { class: "group", role: "group" }, this.play, this.step, this.reset, this.reseed);
    this.preset = h("div", { class: "group" }, this.presetLabel, this.presets.el);
    this.el = h("div", { class: "bar" }, this.runs, this.preset, this.share, this.files.el, this.hiding.el, this.tour);
    app.on("connection", () => this.#stop());
    app.cleanups.push(() => this.#stop());
  }

  draw(outline) {
    this.outline = outline;
    const { app } = this;
    const { hide } = app.state;
    const { running, most = MOST } = outline.batches;
    const frozen = running && app.state.mode === "eval";
    if (frozen) this.#stop();
    text(this.play, this.timer ? `❚❚ ${app.words("pause")}` : `▶ ${app.words("play")}`);
    text(this.step, `→ ${app.words("step")}`);
    text(this.reset, `↺ ${app.words("reset")}`);
    text(this.reseed, `⟳ ${app.words("reseed")}`);
    for (const name of ["reset", "reseed"]) put(this[name], "title", app.words(`${name}.help`));
    for (const name of ["play", "step"]) {
      put(this[name], "title", app.words(frozen ? "step.frozen" : "step.help"));
      put(this[name], "disabled", !running || frozen || !app.scene || app.state.step >= most);
    }
    put(this.reset, "disabled", !running || !app.scene);
    put(this.reseed, "hidden", app.host === "offline" || !outline.controls.some(({ name }) => name === "seed"));
    put(this.runs, "aria-label", app.words("panel.batches"));
    put(this.runs, "hidden", hide.includes("play"));
    this.#presets();
    text(this.share, app.words("share"));
    put(this.share, "hidden", hide.includes("share") || app.host === "offline");
    put(this.files.el, "hidden", hide.includes("export"));
    put(this.hiding.el, "hidden", app.host === "offline");
    text(this.tour, app.words("tour"));
    this.#files();
    this.#hiding(outline);
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

  #toggle() {
    if (this.timer) this.#stop();
    else {
      this.timer = setInterval(() => this.app.link.waiting() || this.#step(), PAUSE);
      this.#step();
    }
    this.draw(this.outline);
  }

  #stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  /** One batch on; the selected point moves along into it, where its arithmetic uses it. */
  #step() {
    const { app } = this;
    const { batches, data, formula } = app.scene;
    const step = app.state.step + 1;
    if (step > (batches.most ?? MOST)) {
      this.#stop();
      this.draw(this.outline);
      return;
    }
    const at = ((step - 1) % batches.count) * batches.size;
    const follow = batches.used && !formula.evaluated;
    const [, channel, place] = app.state.selected;
    app.set({ step, ...(follow ? { selected: [data.ids?.[at] ?? at, channel, place] } : {}) });
  }

  #reset() {
    this.#stop();
    const [, channel, place] = this.app.state.selected;
    this.app.set({ step: 0, selected: [this.app.scene.data.ids?.[0] ?? 0, channel, place] });
    this.draw(this.outline);
  }

  #share() {
    const { app } = this;
    if (app.host === "jupyter") {
      const given = Object.entries(app.changed()).map(([name, value]) => `${name}=${python(value)}`);
      return copied(app, `normlab.Explorer(${given.join(", ")})`, "share.python");
    }
    const hash = app.address();
    if (hash === null) return app.tell("error", app.words("share.large"));
    return copied(app, `${location.origin}${location.pathname}${hash}`, "share.copied");
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

/** Python's literal of what a state holds; JSON's texts and finite numbers are Python's too. */
function python(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(",")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, held]) => `${python(name)}:${python(held)}`)
    .join(",")}}`;
}
