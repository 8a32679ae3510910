// What the panels share: the state, the last scene, and the ways to change the one and hear of the other.

import { changed, read, written } from "./address.js";
import { History } from "./history.js";
import { Interim } from "./interim.js";
import { keep, kept } from "./kept.js";
import { link, unpack } from "./link.js";
import { filled } from "./words.js";

const LONGEST_LINK = 20_000; // characters of a table that a link still carries
const SILENT = 8000; // milliseconds without an answer in a notebook, after which that is said

export class App {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.host = model.get("host") ?? "page";
    this.addressed = this.host !== "jupyter"; // the state stands in the page's address
    this.strings = {};
    this.scene = null;
    this.arrays = {};
    this.state = {};
    this.own = null; // {text, name, key} of a person's table
    this.tables = new Map(); // those of this visit by key
    this.listeners = {};
    this.id = `${Math.random()}`; // this picture among those of one widget
    this.change = 0; // how often Python has set the state, as far as is known here
    const failed = (error) => {
      console.error(error);
      this.tell("error", this.words("error.page", { why: error.message }));
    };
    this.link = link(
      model,
      (...reply) => this.#received(...reply),
      failed,
      (asked) => this.#heard(asked),
    );
    this.cleanups = [() => this.link.close(), () => clearTimeout(this.pending), () => clearTimeout(this.silence)];
    this.history = new History(this);
    this.interim = new Interim(this);
  }

  on(what, listener) {
    this.listeners[what] = [...(this.listeners[what] ?? []), listener];
  }

  tell(what, ...values) {
    for (const listener of this.listeners[what] ?? []) listener(...values);
  }

  /** The text of a key, filled in; the key itself where there is none. */
  words(key, values = {}) {
    return filled(this.strings[key] ?? key, values);
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
    this.history.note(this.state, patch);
    this.state = state;
    this.tell("state", patch);
    this.refresh();
  }

  /** Begin anew with these settings alone. */
  begin(settings, keep = ["hide", "frame", "table"]) {
    const kept = Object.fromEntries(keep.map((name) => [name, this.state[name]]));
    this.#write(); // the address so far stays in the browser's list, where Back finds it
    this.history.note(this.state, settings, true);
    this.become({ ...this.defaults, ...kept, ...settings }, true);
  }

  /** Another state altogether: one that was before, or was given from outside. */
  become(state, asNew = false) {
    this.state = state;
    if (state.data === "table" && this.tables.has(state.table)) this.own = this.tables.get(state.table);
    this.tell("state", state);
    this.refresh(asNew);
  }

  refresh(asNew = false) {
    this.link.want(this.changed());
    this.interim.draw();
    this.#remember(asNew);
  }

  /** What Python says against some settings, before they are taken; nothing where all is well. */
  async check(settings) {
    const { content } = await this.link.ask({ type: "check", state: settings });
    return (content.problems ?? [content.words]).join(" ");
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
    this.tables.set(content.key, this.own);
    const kept = this.host !== "page" || keep(this.own) || text.length <= LONGEST_LINK; // in the address else
    return { ...content, kept };
  }

  /** The link to this very state; null where it would be too long for a table. */
  address() {
    return this.#carried()?.text.length > LONGEST_LINK ? null : written(this.state, this.defaults, this.#carried());
  }

  #carried() {
    return this.state.data === "table" ? this.own : null;
  }

  close() {
    for (const cleanup of this.cleanups) cleanup();
  }

  async #open() {
    this.seen = location.hash;
    const given = this.#asked();
    const state = { ...this.defaults, ...given.state };
    const own = given.own ?? (this.host === "page" ? this.#known(state) : null);
    const table = own && (await this.useTable(own.text, own.name, own.decimal));
    if (table) Object.assign(state, { data: "table", table: table.key });
    if (this.scene) this.history.note(this.state, {}, true);
    this.become(state);
  }

  /** What the address says, or else what the host begins with. */
  #asked() {
    const addressed = this.addressed && (this.host === "page" || location.hash);
    return addressed ? read(location.hash) : { state: this.#given().state, own: null };
  }

  /** The table of a state that names one: of this visit, or of the one before it was loaded again. */
  #known({ data, table }) {
    if (data !== "table") return null;
    return [this.tables.get(table), kept()].find((held) => held?.key === table) ?? null;
  }

  #follow() {
    if (this.addressed) {
      const moved = () => this.#open(); // what this page itself writes is no event
      addEventListener("hashchange", moved);
      this.cleanups.push(() => removeEventListener("hashchange", moved));
    }
    const outside = () => {
      const given = this.#given();
      if (given.by === this.id) return;
      clearTimeout(this.pending); // what was to be written is overtaken
      const state = { ...this.defaults, ...given.state };
      if (JSON.stringify(changed(state, this.defaults)) === JSON.stringify(this.changed())) return;
      this.history.note(this.state, {}, true);
      this.state = state;
      this.tell("state", state);
      this.link.want(this.changed());
      this.interim.draw();
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

  async #resend(own = this.own) {
    if (own) await this.useTable(own.text, own.name, own.decimal);
    this.link.want(this.changed());
  }

  /** A notebook's kernel may be gone without a word: its silence is told, until it speaks. */
  #heard(asked) {
    if (this.host !== "jupyter") return;
    clearTimeout(this.silence);
    if (asked) this.silence = setTimeout(() => this.#silent(true), SILENT);
    else if (this.gone) this.#silent(false);
  }

  #silent(gone) {
    this.gone = gone;
    this.tell("notice", gone ? this.words("silent") : "");
  }

  /** Write the state down soon, where it is looked for: the address, or Python. */
  #remember(asNew) {
    clearTimeout(this.pending);
    this.asNew ||= asNew;
    this.pending = setTimeout(() => this.#write(), 250);
  }

  #write() {
    clearTimeout(this.pending);
    if (this.addressed) {
      if (location.hash !== this.seen) return; // another address was given, and its event is on the way
      const carried = this.#carried();
      const hash = written(this.state, this.defaults, carried?.text.length > LONGEST_LINK ? null : carried);
      if (hash !== this.seen) {
        history[this.asNew ? "pushState" : "replaceState"](null, "", hash || location.pathname);
      }
      this.seen = location.hash;
    } else if (this.host === "jupyter") {
      const { id: by, change } = this;
      this.model.set("chosen", { state: this.changed(), by, change });
      this.model.save_changes();
    }
    this.asNew = false;
  }

  #received({ content, buffers }, newest) {
    if (content.type === "table wanted" && this.tables.has(content.key)) {
      this.#resend(this.tables.get(content.key));
      return;
    }
    if (newest && content.state) this.#adopt(content);
    if (content.type !== "scene") {
      if (content.controls) this.tell("outline", content);
      this.tell("error", content.words ?? this.words("error.table.gone"));
      return;
    }
    if (!newest && this.interim.made) return; // a newer picture stands already
    const arrays = unpack(content, buffers);
    const fault = this.interim.compare(content, arrays, changed(content.state, this.defaults));
    Object.assign(this, { scene: content, arrays });
    this.tell("outline", content);
    this.tell("scene", content, arrays);
    if (fault) this.tell("problems", fault);
  }

  /** Python has checked the state: what it could not use is gone. */
  #adopt(content) {
    this.state = { ...content.state };
    if (content.problems.length) this.tell("problems", [this.words("note.link"), ...content.problems].join(" "));
  }
}
