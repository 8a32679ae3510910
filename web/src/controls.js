// Sliders, each with a field for exact numbers, and menus; which of them there are is Python's word.

import { each, h, put, text, unique } from "./dom.js";
import { clamp, show } from "./numbers.js";

const LOG_STEPS = 200;

/** Those of the controls that `wanted` says. */
export class Controls {
  constructor(app, wanted) {
    Object.assign(this, { app, wanted });
    this.el = h("div", { class: "controls" });
    this.held = new Map();
  }

  draw(scene) {
    const hidden = this.app.state.hide;
    const wanted = scene.controls.filter((control) => this.wanted(control) && !hidden.includes(control.name));
    const parts = wanted.flatMap((control) => this.#parts(control, scene));
    const fields = parts.map((part) => {
      const key = `${part.name}.${part.index ?? ""}.${part.kind}`;
      if (!this.held.has(key))
        this.held.set(key, part.kind === "choice" ? new Choice(this.app, part) : new Slider(this.app, part));
      const field = this.held.get(key);
      field.draw(part);
      return field.el;
    });
    if (fields.length !== this.el.childElementCount || fields.some((field, i) => field !== this.el.children[i])) {
      this.el.replaceChildren(...fields);
    }
  }

  /** One slider for each number of a control that holds several. */
  #parts(control, scene) {
    if (!Array.isArray(control.value)) return [control];
    return control.value.map((value, index) => ({
      ...control,
      value,
      index,
      whole: control.value,
      default: control.default[index],
      of: control.value.length > 1 ? scene.data.names[scene.columns[index] ?? index] : "",
    }));
  }
}

function label(app, part) {
  const known = app.strings[`control.${part.name}`];
  const name = known ?? part.name;
  const symbol = part.symbol && part.symbol !== name ? ` ${part.symbol}` : "";
  return `${name}${symbol}${part.of ? `, ${part.of}` : ""}`;
}

function meaning(app, part) {
  return part.meaning ?? (app.strings[`control.${part.name}.meaning`] ? app.words(`control.${part.name}.meaning`) : "");
}

/** How the places of a slider, from low to high, stand for values: as they are, logarithmic, or as listed. */
function places({ kind, low, high, step, values }) {
  if (values) {
    const at = (value) => values.indexOf(nearest(values, value));
    return { low: 0, high: values.length - 1, step: 1, at, value: (place) => values[place] };
  }
  if (kind !== "log") return { low, high, step, at: (value) => value, value: (place) => place };
  // whole numbers are each reached, since as many steps lie below
  const at = (value) => Math.round((Math.log(Math.max(value, low) / low) / Math.log(high / low)) * LOG_STEPS);
  const value = (place) => {
    const exact = low * (high / low) ** (place / LOG_STEPS);
    return step >= 1 ? Math.round(exact) : Number(exact.toPrecision(2));
  };
  return { low: 0, high: LOG_STEPS, step: 1, at, value };
}

function nearest(values, value) {
  return values.reduce((best, one) => (Math.abs(one - value) < Math.abs(best - value) ? one : best));
}

class Slider {
  constructor(app, part) {
    this.app = app;
    const id = unique("control");
    this.name = h("label", { for: id });
    this.reset = h("button", { type: "button", class: "reset", onclick: () => this.#send(this.part.default) }, "↺");
    this.range = h("input", { type: "range", id, "data-control": part.name, oninput: () => this.#send(this.#value()) });
    this.range.addEventListener("keydown", (event) => this.#key(event));
    const fault = unique("fault");
    this.number = h("input", { type: "number", step: "any", onchange: () => this.#typed() });
    this.fault = h("p", { class: "fault", role: "alert", id: fault, hidden: true });
    this.el = h("div", { class: "control slider" }, this.name, this.number, this.reset, this.range, this.fault);
  }

  draw(part) {
    if (this.part && this.part.value !== part.value) this.#faulty("");
    this.part = part;
    this.places = places(part);
    const { value } = part;
    text(this.name, label(this.app, part));
    put(this.el, "title", meaning(this.app, part) || null);
    put(this.range, "min", this.places.low);
    put(this.range, "max", this.places.high);
    put(this.range, "step", this.places.step);
    put(this.number, "aria-label", label(this.app, part));
    put(this.reset, "hidden", value === part.default);
    put(
      this.reset,
      "aria-label",
      `${label(this.app, part)}: ${this.app.words("control.default", { value: show(part.default, 6) })}`,
    );
    if (value === null) return;
    const at = `${this.places.at(value)}`;
    if (this.range.value !== at && this.#value() !== value) this.range.value = at;
    put(this.range, "aria-valuetext", show(value, 6));
    const shown = typed(value);
    if (document.activeElement !== this.number && this.number.value !== shown) this.number.value = shown;
  }

  #value() {
    return this.places.value(Number(this.range.value));
  }

  /** An arrow key always changes the value, even where many places of the slider stand for one. */
  #key(event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const { kind, step, low, high, value, values } = this.part;
    if (!by || kind !== "log" || values || value === null) return;
    let place = Number(this.range.value) + by;
    if (this.places.value(place) !== value) return;
    event.preventDefault();
    while (place > 0 && place < LOG_STEPS && this.places.value(place) === value) place += by;
    this.#send(step >= 1 ? clamp(value + by, low, high) : this.places.value(place));
  }

  /** What cannot be taken is told at the field, which goes back to what holds. */
  async #typed() {
    const { values, value: old } = this.part;
    const value = this.number.valueAsNumber;
    const taken = values && Number.isFinite(value) ? nearest(values, value) : value;
    const wrong = Number.isFinite(taken)
      ? taken !== old && (await this.app.check(this.#patch(taken)))
      : this.app.words("control.number");
    this.#faulty(wrong || "");
    const holds = wrong ? old : taken;
    if (holds !== value) this.number.value = Number.isFinite(holds) ? typed(holds) : "";
    if (!wrong && taken !== old) this.app.set(this.#patch(taken));
  }

  #faulty(words) {
    text(this.fault, words);
    put(this.fault, "hidden", !words);
    put(this.number, "aria-invalid", words ? "true" : null);
    put(this.number, "aria-describedby", words ? this.fault.id : null);
  }

  #send(value) {
    const { kind, value: old, step } = this.part;
    const rounded = kind === "whole" || (kind === "log" && step >= 1) ? Math.round(value) : value;
    if (rounded !== old) this.app.set(this.#patch(rounded));
  }

  #patch(value) {
    const { name, index, whole } = this.part;
    if (index === undefined) return { [name]: value };
    const both = [...this.app.state[name]];
    both[index] = value;
    return { [name]: whole.length > 1 ? both : [value] };
  }
}

/** As short as a field can take it: 1e-5, not 0.00001. */
function typed(value) {
  const rounded = Number(value.toPrecision(6));
  return rounded && Math.abs(rounded) < 1e-3 ? rounded.toExponential() : `${rounded}`;
}

class Choice {
  constructor(app, part) {
    this.app = app;
    const id = unique("control");
    this.name = h("label", { for: id });
    this.select = h("select", { id, "data-control": part.name, onchange: () => this.#send() });
    this.el = h("div", { class: "control choice" }, this.name, this.select);
  }

  draw(part) {
    this.part = part;
    text(this.name, label(this.app, part));
    put(this.el, "title", meaning(this.app, part) || null);
    each(
      this.select,
      part.options,
      () => h("option"),
      (option, value) => {
        put(option, "value", value);
        text(option, this.app.strings[`control.${part.name}.${value}`] ?? `${value}`);
      },
    );
    this.select.value = `${part.value}`;
  }

  #send() {
    const chosen = this.part.options.find((option) => `${option}` === this.select.value);
    this.app.set({ [this.part.name]: chosen });
  }
}

/** A menu whose options Python names. */
export function menu(_app, { id = unique("menu"), change }) {
  const select = h("select", { id, onchange: () => change(select.value) });
  return {
    el: select,
    id,
    draw(options, value) {
      each(
        select,
        options,
        () => h("option"),
        (option, { name, title, disabled, why }) => {
          put(option, "value", name);
          put(option, "disabled", disabled);
          text(option, why ? `${title} (${why})` : title);
        },
      );
      select.value = value;
    },
  };
}
