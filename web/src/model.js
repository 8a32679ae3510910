// What anywidget's hosts give a widget: values that are set and got, and events by name.

export class Model {
  #held;
  #listeners = new Map();

  constructor(held) {
    this.#held = held;
  }

  get(name) {
    return this.#held[name];
  }

  set(name, value) {
    this.#held[name] = value;
    this.emit(`change:${name}`);
  }

  save_changes() {} // Python is told with every message, where there is one

  on(name, callback) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), callback]);
  }

  /** Without a callback all of a name's, without a name all there are, as anywidget's models do. */
  off(name, callback) {
    if (!name) return this.#listeners.clear();
    const left = (this.#listeners.get(name) ?? []).filter((one) => callback && one !== callback);
    this.#listeners.set(name, left);
  }

  emit(name, ...values) {
    for (const callback of this.#listeners.get(name) ?? []) callback(...values);
  }
}
