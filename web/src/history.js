// Undo and redo: the states before each thing that a person did.

const LOOKING = ["selected", "step", "tour", "shown"]; // no change of these alone is one to take back
const ENDS = ["pointerup", "keyup", "change"]; // of one thing: a whole drag is taken back at once

export class History {
  #past = [];
  #future = [];
  #keys = null; // what the thing under way has changed

  constructor(app) {
    this.app = app;
    const cut = () => {
      this.#keys = null;
    };
    for (const end of ENDS) app.root.addEventListener(end, cut);
    const place = app.host === "jupyter" ? app.root : document;
    const key = (event) => this.#key(event);
    place.addEventListener("keydown", key);
    app.cleanups.push(() => place.removeEventListener("keydown", key));
  }

  /** A change is about to be made; `whole` where it replaces the state. */
  note(before, patch, whole = false) {
    const names = Object.keys(patch).filter((name) => !LOOKING.includes(name));
    if (!names.length && !whole) return;
    const keys = whole ? null : names.sort().join();
    if (keys && keys === this.#keys) return;
    this.#keys = keys;
    this.#past.push(before);
    this.#future = [];
  }

  get can() {
    return { undo: this.#past.length > 0, redo: this.#future.length > 0 };
  }

  undo() {
    this.#go(this.#past, this.#future);
  }

  redo() {
    this.#go(this.#future, this.#past);
  }

  #go(from, to) {
    if (!from.length) return;
    to.push(this.app.state);
    this.#keys = null;
    this.app.become(from.pop());
  }

  #key(event) {
    const held = (event.ctrlKey || event.metaKey) && !event.altKey;
    const name = held && { z: event.shiftKey ? "redo" : "undo", y: "redo" }[event.key.toLowerCase()];
    if (!name || event.target.closest?.("textarea, input:not([type=range], [type=checkbox])")) return;
    event.preventDefault();
    this[name]();
  }
}
