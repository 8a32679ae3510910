// Scenes as Python would send them, computed in the page from what Python wrote into it.

import { build, place } from "./drawn.js";
import { read } from "./limits.js";
import { inBatches, outcome, rowOf } from "./outcome.js";
import { columns, Outline, view } from "./outline.js";
import { lines } from "./pasted.js";
import { bank, block, cloud, shown } from "./pictures.js";
import { column, columnRanges, frames } from "./ranges.js";
import { float, script } from "./script.js";
import { lead, numbers, operands, status } from "./told.js";
import { filled } from "./words.js";

const [ROOM, LEAST] = [2.4, 1e-6];
const FEW = 4; // channels whose running statistics are drawn
const STEEP = 1e5; // times the scale; a sum is right to about 1e-15 of its numbers
const TABLES = ["points", "table"];
const product = (sizes) => sizes.reduce((a, b) => a * b, 1);

export class Computed {
  constructor(carried, hello) {
    Object.assign(this, { carried, hello });
    this.words = (key, values) => filled(hello.strings[key] ?? key, values);
    this.outline = new Outline(carried, hello, this.words);
  }

  check(given) {
    return read(given, this.hello.defaults, this.carried.limits, this.words).problems;
  }

  /** A person's table, which from now on is among the data. */
  take(key, title, table) {
    const { names, rows, notes } = table;
    const values = Float64Array.from(rows.flat());
    const shape = [rows.length, names.length];
    const kept = { names, title, notes, fixed: columnRanges(values, shape), written: lines(table, title, float) };
    this.carried.data[`table ${key}`] = { ...kept, values: { values, shape } };
    for (const [norm, row] of Object.entries(this.carried.rows)) {
      if (!row.fits.table)
        row.frames[`table ${key}`] = this.#start({ ...this.hello.defaults, data: "table", table: key, norm });
    }
  }

  /** The fixed axes after: room for a weight of two around what the row's defaults give. */
  #start(state) {
    try {
      const { y } = this.#outcome(state, build(state, this.carried.data));
      const largest = ROOM * y.reduce((most, value) => Math.max(most, Math.abs(value) || 0), LEAST);
      return [-largest, largest];
    } catch (error) {
      if (!error.words && !(error instanceof RangeError)) throw error;
      return [-ROOM, ROOM]; // until other settings fit this table
    }
  }

  /** What Python would answer: the header, and arrays as bytes. */
  scene(given) {
    const { defaults } = this.hello;
    const { state, problems } = read(given, defaults, this.carried.limits, this.words);
    const data = build(state, this.carried.data);
    try {
      if (!data) throw refused(this.words(state.data === "table" ? "error.table.gone" : "offline.draws"));
      if (data.x.shape[0] < 2 && data.ids) throw refused(this.words("error.few"));
      const [header, arrays] = this.#scene(state, data);
      return [{ type: "scene", problems, ...plain(header), ...listed(arrays) }, buffers(arrays)];
    } catch (error) {
      if (!error.words && !(error instanceof RangeError)) throw error;
      const words =
        error.words ?? this.words("offline.groups", { groups: state.num_groups, channels: data.x.shape[1] });
      return [{ type: "refused", words, problems, ...this.#attempt(state, data) }, []];
    }
  }

  #row(state) {
    return this.carried.rows[state.norm];
  }

  #attempt(state, found) {
    const data = found ?? build(this.hello.defaults, this.carried.data);
    const told = { status: this.words("status.refused", { norm: this.#row(state).title }) };
    return { ...this.outline.of(state, data), ...told, code: found ? this.#code(state, data) : "" };
  }

  #code(state, data) {
    return script(state, this.#row(state), data, this.carried, this.hello.defaults);
  }

  #outcome(state, data) {
    const row = this.#row(state);
    const why = row.fits[state.data];
    if (why) {
      const told = { norm: row.title, data: this.words(`data.${state.data}`), why: this.words(why) };
      throw refused(this.words("error.fits", told));
    }
    return outcome(state, row, data, (key, shape, size) => {
      const torch = this.carried.torch.replace("{size}", `[${shape.join(", ")}]`);
      return this.words(key, { torch, size });
    });
  }

  #scene(state, data) {
    const { header, arrays, seen } = this.#picture(state, data);
    const said = { status: status(this.words, state, seen), lead: lead(this.words, state, seen) };
    return [{ ...this.outline.of(state, data), code: this.#code(state, data), ...said, ...header }, arrays];
  }

  /** What is drawn of settings until Python answers: header and arrays; null for what only Python can say. */
  interim(given) {
    const { defaults } = this.hello;
    const { state, problems } = read(given, defaults, this.carried.limits, this.words);
    const data = problems.length ? null : build(state, this.carried.data);
    if (!data || data.x.shape[0] < 2 || !(place(state) in this.#row(state).frames)) return null;
    const { header, arrays, outcomes } = this.#picture(state, data);
    return outcomes.some((each) => rough(each, data.x)) ? null : [header, arrays];
  }

  #picture(state, data) {
    const [made, besides] = [this.#outcome(state, data), this.outline.beside(state)];
    const other = besides && this.#outcome(besides, data);
    const seen = this.#seen(state, data, made, other);
    const [more, arrays] = this.#view(seen);
    const header = {
      data: this.outline.told(state, data),
      columns: seen.columns,
      batches: batches(state, made, seen.used),
      running: running(
        made,
        TABLES.includes(state.data) ? seen.columns : [0, 1, 2, 3].slice(0, Math.min(FEW, data.x.shape[1])),
      ),
      cell: seen.cell,
      formula: formula(seen),
      warning: made.warning,
      frames: seen.frames,
      ...more,
    };
    if (other) arrays.other = shown(data.x, other.y, seen.columns);
    return { header, arrays, seen, outcomes: other ? [made, other] : [made] };
  }

  #seen(state, data, made, other) {
    const { x } = data;
    const block = !TABLES.includes(state.data);
    const seen = { state, data, x, outcome: made, used: inBatches(state, made.row), columns: columns(state, data) };
    seen.cell = cell(state, data);
    seen.at = flat(seen.cell, x.shape);
    seen.column = once((values, channel) => column({ values, shape: x.shape }, channel));
    const after = this.outline.frame(state);
    const channels = block ? [null] : seen.columns;
    seen.frames = frames(state, data, made.y, other?.y, channels, after, seen.column);
    return seen;
  }

  #view(seen) {
    return { cloud, block, bank, contrast: (each) => this.#contrast(each) }[view(seen.state)](seen);
  }

  /** A response to contrast, alone and with the mask, and the σ and n that are held on the curve. */
  #contrast({ state, x, outcome: { y, row, settings } }) {
    const clear = { ...state, masking: 0 };
    const alone = this.#outcome(clear, build(clear, this.carried.data)).y;
    const power = typeof row.n === "string" ? settings[row.n] : row.n;
    const free = row.settings.some(({ name }) => name === "power");
    const of = (values) => ({ values, shape: x.shape });
    return [{ handles: { sigma: settings.sigma, power, free } }, { before: x, after: of(y), alone: of(alone) }];
  }
}

/** A function of an array and a channel, which remembers what it gave. */
function once(make) {
  const known = new Map();
  return (values, channel) => {
    const of = known.get(values) ?? known.set(values, new Map()).get(values);
    if (!of.has(channel)) of.set(channel, make(values, channel));
    return of.get(channel);
  };
}

/** Whether rounding may be seen: where scales are so small beside the numbers that a sum's last digits count. */
function rough({ row, scale, affine: { weight = [1] } }, { values }) {
  if (!row.center) return false;
  const most = STEEP / Math.max(1, ...weight.map(Math.abs));
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]) > most * scale[i]) return true;
  return false;
}

const refused = (words) => Object.assign(new Error(words), { words });

/** The selected element (n, c, *space), kept inside the data. */
function cell({ selected }, data) {
  const [, channels, ...space] = data.x.shape;
  const place = Math.min(selected[2], Math.max(product(space) - 1, 0));
  const inner = space.map((length, i) => Math.floor(place / product(space.slice(i + 1))) % length);
  return [rowOf(data, selected[0]), Math.min(selected[1], channels - 1), ...inner];
}

const flat = (place, shape) => place.reduce((at, i, axis) => at * shape[axis] + i, 0);

function batches(state, { row, sizes, size, first, last, joined }, used) {
  const count = sizes.length;
  return {
    ...{ used, running: row.running, count, size: sizes[0], last: sizes.at(-1) },
    current: Math.floor(first / size),
    ...{ joined, step: state.step, seen: Math.min(state.step, count), slice: [first, last] },
  };
}

function running({ trace, truth }, channels) {
  if (!trace.length) return null;
  const each = (name) => channels.map((c) => trace.map((step) => step[name][c]));
  const of = (values) => channels.map((c) => values[c]);
  return {
    columns: channels,
    mean: each("mean"),
    var: each("var"),
    true_mean: of(truth.mean),
    true_var: of(truth.var),
  };
}

function formula({ x, outcome: made, columns: channels, cell: place }) {
  const { row, settings, evaluated, first } = made;
  const start = first * product(x.shape.slice(1));
  const found = channels.map((channel) => {
    const at = flat([place[0], channel, ...place.slice(2)], x.shape);
    return operands(made, x.values, channel, at - start, at);
  });
  const mine = found.find(({ channel }) => channel === place[1]) ?? found[0];
  const m = typeof row.m === "string" ? settings[row.m] : row.m;
  return {
    symbols: row.symbols[Number(evaluated)],
    numbers: numbers(row.gaps, mine.values),
    lead: mine.channel,
    operands: found,
    evaluated,
    bent: m !== 1,
  };
}

/** JSON has no NaN and no infinity: null, as Python sends it. */
function plain(value) {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held)]));
}

const listed = (arrays) => ({
  arrays: Object.entries(arrays).map(([name, { values, shape }]) => ({ name, shape, bytes: values.BYTES_PER_ELEMENT })),
});

const buffers = (arrays) =>
  Object.values(arrays).map(({ values }) => new DataView(values.buffer, values.byteOffset, values.byteLength));
