// Scenes as Python would send them, computed in the page from what Python wrote into it.

import { build } from "./drawn.js";
import { members } from "./equation.js";
import { read } from "./limits.js";
import { inBatches, outcome, rowOf } from "./outcome.js";
import { columns, Outline, view } from "./outline.js";
import { column, frames, histogram } from "./ranges.js";
import { script } from "./script.js";
import { lead, numbers, operands, status } from "./told.js";

const [MAP_ROWS, MAP_COLUMNS] = [12, 16]; // of a batch, in the map of cells
const FEW = 4; // channels whose running statistics are drawn
const TABLES = ["points", "table"];
const product = (sizes) => sizes.reduce((a, b) => a * b, 1);

export class Computed {
  constructor(carried, hello) {
    Object.assign(this, { carried, hello });
    this.words = (key, values = {}) =>
      (hello.strings[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
    this.outline = new Outline(carried, hello, this.words);
  }

  check(given) {
    return read(given, this.hello.defaults, this.carried.limits, this.words).problems;
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
    const [made, besides] = [this.#outcome(state, data), this.outline.beside(state)];
    const other = besides && this.#outcome(besides, data);
    const seen = this.#seen(state, data, made, other);
    const [more, arrays] = this.#view(seen);
    const outlined = this.outline.of(state, data);
    const header = {
      ...outlined,
      batches: batches(state, made, seen.used),
      running: running(
        made,
        TABLES.includes(state.data) ? seen.columns : [0, 1, 2, 3].slice(0, Math.min(FEW, data.x.shape[1])),
      ),
      cell: seen.cell,
      formula: formula(seen),
      code: this.#code(state, data),
      status: status(this.words, state, seen),
      lead: lead(this.words, state, seen),
      warning: made.warning,
      frames: seen.frames,
      ...more,
    };
    if (other) arrays.other = shown(data.x, other.y, seen.columns);
    return [header, arrays];
  }

  #seen(state, data, made, other) {
    const { x } = data;
    const block = !TABLES.includes(state.data);
    const seen = { state, data, x, outcome: made, used: inBatches(state, made.row), columns: columns(state, data) };
    seen.cell = cell(state, data);
    seen.at = flat(seen.cell, x.shape);
    seen.column = (values, channel) => column({ values, shape: x.shape }, channel);
    const of = (values) => ({ values, shape: x.shape });
    const after = this.outline.frame(state);
    const channels = block ? [null] : seen.columns;
    seen.frames = frames(state, data, of(made.y), other && of(other.y), channels, after);
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

/** The shown channels of values that are as long as x. */
function shown({ shape }, values, channels) {
  const [rows, width] = shape;
  const out = new Float64Array(rows * channels.length);
  channels.forEach((channel, i) => {
    for (let row = 0; row < rows; row++) out[row * channels.length + i] = values[row * width + channel];
  });
  return { values: out, shape: [rows, channels.length] };
}

function histograms(seen, channel, i) {
  const { x, outcome: made, used } = seen;
  const inside = used && !made.evaluated ? [made.first, made.last] : [0, 0];
  const of = (values, side) => histogram(seen.column(values, channel), inside, seen.frames[side][i]);
  return { column: channel, before: of(x.values, "before"), after: of(made.y, "after") };
}

function weighed({ outcome: { row, settings, evaluated } }, shape, place) {
  return evaluated ? new Float64Array(product(shape)) : members(row, shape, place, settings);
}

function relative(part, weights, shape) {
  const most = Math.max(
    1e-300,
    weights.reduce((a, b) => Math.max(a, b), 0),
  );
  return { values: Float32Array.from(part, (weight) => weight / most), shape };
}

const pooled = (weights) => weights.reduce((count, weight) => count + (weight > 0), 0);

/** Points: the shown channels before, after and on the way, histograms, and the cells of the selected batch. */
function cloud(seen) {
  const { x, outcome: made, columns: channels, cell: place } = seen;
  const [rows, width] = [made.last - made.first, x.shape[1]];
  const here = place[0] - made.first;
  const weights = weighed(seen, [rows, width], [here, place[1]]);
  const start = Math.max(0, Math.min(here - Math.floor(MAP_ROWS / 2), rows - MAP_ROWS));
  const shape = [Math.min(MAP_ROWS, rows - start), Math.min(MAP_COLUMNS, width), 1];
  const part = Array.from({ length: shape[0] * shape[1] }, (_, i) => {
    const [row, column] = [Math.floor(i / shape[1]), i % shape[1]];
    return weights[(start + row) * width + column];
  });
  const cells = { first: made.first + start, shape, all: rows, pooled: pooled(weights) };
  const arrays = {
    before: shown(x, x.values, channels),
    after: shown(x, made.y, channels),
    cells: relative(part, weights, shape),
  };
  return [
    { histograms: channels.map((channel, i) => histograms(seen, channel, i)), cells },
    { ...arrays, ...way(seen) },
  ];
}

/** Between before and after, where they differ from both. */
function way({ x, outcome: { row, affine, d, divided }, columns: channels }) {
  const plain = Object.entries(affine).every(([name, each]) =>
    each.every((value) => value === Number(name === "weight")),
  );
  const single = (values) => {
    const found = shown(x, values, channels);
    return { ...found, values: Float32Array.from(found.values) };
  };
  return { ...(row.center && { centred: single(d) }), ...(!plain && { scaled: single(divided) }) };
}

function block(seen) {
  const { x, outcome: made, cell: place } = seen;
  const weights = weighed(seen, x.shape, place);
  const shape = [...x.shape.slice(0, 2), product(x.shape.slice(2))];
  const cells = { first: 0, shape, all: shape[0], pooled: pooled(weights) };
  const arrays = {
    before: { ...x, shape },
    after: { values: made.y, shape },
    cells: relative(weights, weights, shape),
  };
  return [{ histograms: [histograms(seen, null, 0)], cells }, arrays];
}

function bank(seen) {
  const { x, outcome: made, cell: place } = seen;
  const weights = weighed(seen, x.shape, place);
  const shape = [...x.shape, 1];
  const cells = { first: 0, shape, all: shape[0], pooled: pooled(weights) };
  return [
    { cells },
    { before: x, after: { values: made.y, shape: x.shape }, cells: relative(weights, weights, shape) },
  ];
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
