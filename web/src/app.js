// What the panels share: the state, the last scene, and the ways to change the one and hear of the other.

import { changed, read, written } from "./address.js";
import { link, unpack } from "./link.js";

const LONGEST_LINK = 20_000; // characters of a table that a link still carries

export class App {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.host = model.get("host") ?? "page";
    this.strings = {};
    this.scene = null;
    this.arrays = {};
    this.state = {};
    this.own = null; // {text, name, key} of a person's table
    this.listeners = {};
    this.id = `${Math.random()}`; // this picture among those of one widget
    this.change = 0; // how often Python has set the state, as far as is known here
    const failed = (error) => {
      console.error(error);
      this.tell("error", this.words("error.page", { why: error.message }));
    };
    this.link = link(model, (...reply) => this.#received(...reply), failed);
    this.cleanups = [() => this.link.close()];
  }

  on(what, listener) {
    this.listeners[what] = [...(this.listeners[what] ?? []), listener];
  }

  tell(what, ...values) {
    for (const listener of this.listeners[what] ?? []) listener(...values);
  }

  /** The text of a key, filled in; the key itself where there is none. */
  words(key, values = {}) {
    const text = this.strings[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }

  say(text) {
    this.tell("said", text);
  }

  async start() {
    const { content } = await this.link.ask({ type: "hello" });
    this.hello = content;
    this.strings = content.strings;
    this.defaults = content.defaults;
    this.state = content.defaults;
    this.tell("hello");
    this.#follow(); // first, since the line may be lost while the rest is read
    await this.#open();
  }

  /** Change some settings; null takes one back to its default. */
  set(patch) {
    const state = { ...this.state };
    for (const [name, value] of Object.entries(patch)) {
      if (value === null && !(name in this.defaults)) delete state[name];
      else state[name] = value === null && name !== "momentum" && name !== "tour" ? this.defaults[name] : value;
    }
    this.state = state;
    this.tell("state", patch);
    this.refresh();
  }

  /** Begin anew with these settings alone. */
  begin(settings, keep = ["hide", "frame", "table"]) {
    const kept = Object.fromEntries(keep.map((name) => [name, this.state[name]]));
    this.state = { ...this.defaults, ...kept, ...settings };
    this.tell("state", settings);
    this.refresh();
  }

  refresh() {
    this.link.want(this.changed());
    this.#remember();
  }

  changed() {
    return changed(this.state, this.defaults);
  }

  async useTable(text, name, decimal = "") {
    const { content } = await this.link.ask({ type: "table", text, name, decimal });
    if (content.type === "refused") {
      this.tell("error", content.words);
      return null;
    }
    this.own = { text, name: content.name, key: content.key, decimal };
    return content;
  }

  /** The link to this very state; null where it would be too long. */
  address() {
    const carried = this.state.data === "table" ? this.own : null;
    if (carried && carried.text.length > LONGEST_LINK) return null;
    return written(this.state, this.defaults, carried);
  }

  close() {
    for (const cleanup of this.cleanups) cleanup();
  }

  async #open() {
    this.seen = location.hash;
    const given = this.host === "page" ? read(location.hash) : { state: this.#given().state, own: null };
    this.state = { ...this.defaults, ...given.state };
    const table = given.own && (await this.useTable(given.own.text, given.own.name, given.own.decimal));
    if (table) Object.assign(this.state, { data: "table", table: table.key });
    this.tell("state", this.state);
    this.refresh();
  }

  #follow() {
    if (this.host === "page") {
      const moved = () => {
        if (location.hash !== this.written) this.#open();
      };
      addEventListener("hashchange", moved);
      this.cleanups.push(() => removeEventListener("hashchange", moved));
    }
    const outside = () => {
      const given = this.#given();
      if (given.by === this.id) return;
      clearTimeout(this.pending); // what was to be written is overtaken
      const state = { ...this.defaults, ...given.state };
      if (JSON.stringify(changed(state, this.defaults)) === JSON.stringify(this.changed())) return;
      this.state = state;
      this.tell("state", state);
      this.link.want(this.changed());
    };
    this.model.on("change:given", outside);
    this.model.on("connection", (open) => this.#connection(open));
  }

  /** What Python holds, or another picture of the same widget has told it. */
  #given() {
    const given = this.model.get("given") ?? {};
    this.change = given.change ?? 0;
    return { state: {}, ...given };
  }

  #connection(open) {
    this.link.drop();
    this.tell("connection", open);
    if (open) this.#resend();
  }

  async #resend() {
    if (this.own) await this.useTable(this.own.text, this.own.name, this.own.decimal);
    this.link.want(this.changed());
  }

  /** Write the state down, where it is looked for: the address, or Python. */
  #remember() {
    clearTimeout(this.pending);
    this.pending = setTimeout(() => {
      if (this.host === "page") {
        if (location.hash !== this.seen) return; // another address was given, and its event is on the way
        const hash = this.address();
        if (hash !== null) history.replaceState(null, "", hash || location.pathname);
        this.seen = this.written = location.hash;
      } else if (this.host === "jupyter") {
        const { id: by, change } = this;
        this.model.send({ type: "state", state: this.changed(), by, change });
      }
    }, 250);
  }

  #received({ content, buffers }, newest) {
    if (content.type === "table wanted" && this.own?.key === content.key) {
      this.#resend();
      return;
    }
    if (newest && content.state) this.#adopt(content);
    if (content.type !== "scene") {
      if (content.controls) this.tell("outline", content);
      this.tell("error", content.words ?? this.words("error.table.gone"));
      return;
    }
    this.scene = content;
    this.arrays = unpack(content, buffers);
    this.tell("outline", content);
    this.tell("scene", content, this.arrays);
    if (content.note) this.tell("notice", content.note);
  }

  /** Python has checked the state: what it could not use is gone. */
  #adopt(content) {
    this.state = { ...content.state };
    if (content.problems.length) this.tell("problems", [this.words("note.link"), ...content.problems].join(" "));
  }
}
