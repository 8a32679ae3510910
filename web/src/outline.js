// The controls of a state, and what else the page needs to stay of use where nothing can be computed.

import { place } from "./drawn.js";
import { inBatches } from "./outcome.js";

const VIEWS = { points: "cloud", table: "cloud", sequence: "block", image: "block" };
const TABLES = ["points", "table"];
const SINGLE = 2 ** -23;

export const view = ({ data }) => VIEWS[data] ?? data;

/** The channels that are shown: two of a table, the selected one of a block. */
export function columns(state, data) {
  const last = data.x.shape[1] - 1;
  if (!TABLES.includes(state.data)) return [Math.min(state.selected[1], last)];
  return [...new Set(state.axes.map((axis) => Math.min(axis, last)))];
}

export class Outline {
  constructor({ rows, controls, options, sizes, seeds }, hello, words) {
    Object.assign(this, { rows, controls, options, hello, words });
    this.listed = { n: sizes, seed: seeds };
  }

  of(state, data) {
    const row = this.rows[state.norm];
    return {
      state,
      rows: Object.entries(this.rows).map(([name, each]) => this.#row(name, each, state)),
      controls: this.#applying(state, row, data),
      data: this.told(state, data),
      columns: columns(state, data),
      batches: { used: inBatches(state, row), running: row.running },
      compare: { options: this.#options(state), title: this.#title(state) },
    };
  }

  #row(name, { title, fits }, { data }) {
    const why = fits[data];
    return { name, title, fits: !why, why: why && this.words(why) };
  }

  told(state, { x, names, title, ids, base, notes }) {
    return {
      kind: state.data,
      view: view(state),
      title: state.data === "table" ? title : this.words(`data.${state.data}`),
      shape: x.shape,
      names,
      ids,
      base,
      notes,
      edited: Object.keys(state.edits).length > 0,
    };
  }

  #applying(state, row, data) {
    const known = [...this.controls, ...row.unlisted];
    return known
      .filter((control) => this.#applies(control, state, row, data))
      .map((control) => this.#control(control, state, row, data));
  }

  #applies({ name, data: kinds }, state, row, { x, other }) {
    const of = (each) => each.settings.some((setting) => setting.name === name);
    if (of(row)) return true;
    if (Object.values(this.rows).some(of)) return false;
    if (name === "mode" || name === "momentum") return row.running;
    if (name === "batch_size") return inBatches(state, row);
    if (name === "weight" || name === "bias") return row.affine;
    if (!name.startsWith("pool_")) return kinds.includes(state.data);
    const alone = x.shape[1] === 1 && !(other && state.masking);
    return row.settings.some((setting) => setting.name === "pool_weight") && !(name === "pool_cross" && alone);
  }

  #control({ data: _, ...control }, state, row, { x }) {
    const { name } = control;
    const setting = row.settings.find((each) => each.name === name);
    const start = setting ? (setting.default ?? this.#open(name, state, row)) : this.hello.defaults[name];
    const told = { ...control, value: setting ? (state[name] ?? start) : state[name], default: start };
    if (setting) Object.assign(told, { symbol: setting.symbol, meaning: setting.meaning });
    if (this.listed[name]) told.values = this.listed[name];
    return Object.assign(told, this.#shaped(name, state, x.shape));
  }

  /** The number that a setting has where it is left open. */
  #open(name, state, row) {
    if (name === "eps") return SINGLE;
    const size = row.settings.find((setting) => setting.name === "size");
    return (state.size ?? size?.default) / 4;
  }

  #shaped(name, state, shape) {
    const channels = shape[1];
    if (name === "batch_size") return { high: Math.max(2, shape[0]) };
    if (name === "num_groups") {
      return { options: Array.from({ length: channels }, (_, i) => i + 1).filter((groups) => channels % groups === 0) };
    }
    if (name === "size") return { high: Math.min(15, Math.max(channels, ...shape.slice(2), 2)) };
    if ((name === "weight" || name === "bias") && channels !== 2) return { value: state[name].slice(0, 1) };
    return this.options[name] ? { options: this.options[name] } : {};
  }

  /** The state that stands beside; null where there is none, or it would be the same. */
  beside(state) {
    if (!TABLES.includes(state.data) || !state.compare) return null;
    if (state.compare === "mode") {
      if (!this.rows[state.norm].running) return null;
      return { ...state, mode: state.mode === "eval" ? "train" : "eval" };
    }
    if (state.compare === state.norm || this.rows[state.compare].fits[state.data]) return null;
    return { ...state, norm: state.compare };
  }

  #options(state) {
    if (!TABLES.includes(state.data)) return [];
    const nothing = { name: "", title: this.words("compare.none") };
    const mode = { name: "mode", title: this.words(`compare.${state.mode}`) };
    const others = Object.entries(this.rows)
      .filter(([name, { fits }]) => name !== state.norm && !fits[state.data])
      .map(([name, { title }]) => ({ name, title }));
    return [nothing, ...(this.rows[state.norm].running ? [mode] : []), ...others];
  }

  #title(state) {
    const other = this.beside(state);
    if (!other) return "";
    const { title, running } = this.rows[other.norm];
    return running ? `${title}, ${this.words(`control.mode.${other.mode}`)}` : title;
  }

  /** The fixed axes of what comes out. */
  frame(state) {
    return this.rows[state.norm].frames[place(state)];
  }
}
