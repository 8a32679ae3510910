// Sliders, each with a field for exact numbers, and menus; which of them there are is Python's word.

import { each, h, put, text, unique } from "./dom.js";
import { show } from "./numbers.js";

const LOG_STEPS = 200;

/** A group of controls: data, norm or batches. */
export class Controls {
  constructor(app, group) {
    Object.assign(this, { app, group });
    this.el = h("div", { class: "controls" });
    this.held = new Map();
  }

  draw(scene) {
    const hidden = this.app.state.hide;
    const wanted = scene.controls.filter(({ group, name }) => group === this.group && !hidden.includes(name));
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

class Slider {
  constructor(app, part) {
    this.app = app;
    const id = unique("control");
    this.name = h("label", { for: id });
    this.reset = h("button", { type: "button", class: "reset", onclick: () => this.#send(this.part.default) }, "↺");
    this.range = h("input", { type: "range", id, "data-control": part.name, oninput: () => this.#send(this.#value()) });
    this.number = h("input", { type: "number", step: "any", onchange: () => this.#typed() });
    this.el = h("div", { class: "control" }, this.name, this.number, this.reset, this.range);
  }

  draw(part) {
    this.part = part;
    const { low, high, step, value } = part;
    const log = part.kind === "log";
    text(this.name, label(this.app, part));
    put(this.el, "title", meaning(this.app, part) || null);
    put(this.range, "min", log ? 0 : low);
    put(this.range, "max", log ? LOG_STEPS : high);
    put(this.range, "step", log ? 1 : step);
    put(this.number, "aria-label", label(this.app, part));
    put(this.reset, "hidden", value === part.default);
    put(
      this.reset,
      "aria-label",
      `${label(this.app, part)}: ${this.app.words("control.default", { value: show(part.default, 6) })}`,
    );
    if (value === null) return;
    const at = `${log ? this.#place(value) : value}`;
    if (this.range.value !== at && this.#value() !== value) this.range.value = at;
    put(this.range, "aria-valuetext", show(value, 6));
    const shown = typed(value);
    if (document.activeElement !== this.number && this.number.value !== shown) this.number.value = shown;
  }

  /** Steps of a logarithmic slider: whole numbers are each reached, since as many steps lie below. */
  #place(value) {
    const { low, high } = this.part;
    return Math.round((Math.log(Math.max(value, low) / low) / Math.log(high / low)) * LOG_STEPS);
  }

  #value() {
    const { kind, low, high, step } = this.part;
    const at = Number(this.range.value);
    if (kind !== "log") return at;
    const value = low * (high / low) ** (at / LOG_STEPS);
    return step >= 1 ? Math.round(value) : Number(value.toPrecision(2));
  }

  #typed() {
    const value = this.number.valueAsNumber;
    if (Number.isFinite(value)) this.#send(value);
    else this.number.value = this.part.value;
  }

  #send(value) {
    const { name, index, whole, kind, value: old, step } = this.part;
    const rounded = kind === "whole" || (kind === "log" && step >= 1) ? Math.round(value) : value;
    if (rounded === old) return;
    if (index === undefined) this.app.set({ [name]: rounded });
    else {
      const both = [...this.app.state[name]];
      both[index] = rounded;
      this.app.set({ [name]: whole.length > 1 ? both : [rounded] });
    }
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
