// What a normaliser makes of the data of a state, batch by batch, with its running statistics.

import { normalized } from "./equation.js";
import { joined } from "./ranges.js";
import { remembered } from "./remembered.js";

const SPLIT = ["points", "table"]; // data that come in batches
const SINGLE = 2 ** -23; // ε of float32, where a row leaves it open

export const inBatches = (state, row) => row.uses_batch && SPLIT.includes(state.data);

/** Whether a row that a person's changes left alone in the last batch joins the one before it. */
export function joins({ edits }, size, rows) {
  return Object.keys(edits).length > 0 && size > 1 && size < rows && rows % size === 1;
}

/** The settings of a row as they hold: given ones, its defaults, and weights between channels. */
export function settings(state, row, data) {
  const found = {};
  for (const { name, default: start } of row.settings) found[name] = state[name] ?? start;
  if ("eps" in found) found.eps ??= SINGLE;
  if ("pool_weight" in found) {
    const [channels, others] = [data.x.shape[1], (data.other ?? data.x).shape[1]];
    found.weights = Array.from({ length: channels }, (_, i) =>
      Array.from({ length: others }, (_, j) => (i === j ? state.pool_own : state.pool_cross)),
    );
  }
  return found;
}

/** Weight and bias of each channel, where the row has them. */
export function affine(state, row, data) {
  if (!row.affine) return {};
  const channels = data.x.shape[1];
  const each = (values) =>
    Array.from({ length: channels }, (_, c) => (channels === 2 ? (values[c] ?? values[0]) : values[0]));
  return { weight: each(state.weight), bias: each(state.bias) };
}

/** Where each batch begins, and where the last one ends. */
function split(state, row, rows) {
  const size = inBatches(state, row) ? state.batch_size : rows;
  const starts = [];
  for (let at = 0; at < rows; at += size) starts.push(at);
  const joined = joins(state, size, rows);
  if (joined) starts.pop();
  return { starts, ends: [...starts.slice(1), rows], size: Math.min(size, rows), joined };
}

const product = (sizes) => sizes.reduce((a, b) => a * b, 1);

/** The rows of an array from one to another. */
export function part({ values, shape }, from, to) {
  const width = product(shape.slice(1));
  return { values: values.subarray(from * width, to * width), shape: [to - from, ...shape.slice(1)] };
}

/** What a state becomes. Throws { words } where torch refuses it. */
export function outcome(state, row, data, refusal) {
  const held = settings(state, row, data);
  const given = affine(state, row, data);
  const batches = split(state, row, data.x.shape[0]);
  const parts = batches.starts.map((from, i) => part(data.x, from, batches.ends[i]));
  const at = Math.min(Math.floor(rowOf(data, state.selected[0]) / batches.size), parts.length - 1);
  const evaluated = row.running && state.mode === "eval";
  const seen = evaluated ? parts.slice(0, state.step) : parts;
  const warning = row.running ? lone(seen, refusal) : "";
  const trace = row.running ? traced(state, row, held, parts) : [];
  const last = trace.at(-1);
  const besides = { ...given, ...(evaluated && { statistics: [last.mean, last.var] }) };
  const call = (x) => normalized(x, row, held, { ...besides, other: data.other });
  const settled = remembered(JSON.stringify([row, held, besides]), call);
  const made = parts.map((x, i) => (data.other ? call(x) : settled(i, x)));
  if (warning && !evaluated)
    made.push({ ...made.pop(), y: new Float64Array(parts.at(-1).values.length).fill(Number.NaN) });
  const chosen = made[at];
  const all = (name) =>
    joined(
      made.map((each) => each[name]),
      data.x.values.length,
    );
  return {
    row,
    settings: held,
    affine: given,
    ...{ y: all("y"), d: all("d"), divided: all("divided"), scale: all("scale") },
    chosen,
    first: batches.starts[at],
    last: batches.ends[at],
    sizes: parts.map(({ shape }) => shape[0]),
    size: batches.size,
    joined: batches.joined,
    trace,
    truth: moments(data.x),
    evaluated,
    warning,
  };
}

/** Where the row with a number is now; the first one, if it was deleted. */
export function rowOf({ ids, x }, id) {
  if (ids) return Math.max(0, ids.indexOf(id));
  return id < x.shape[0] ? id : 0;
}

const perChannel = ({ shape }) => product(shape) / shape[1];

/** Mean and unbiased variance of each channel. */
function moments({ values, shape }) {
  const [channels, inner] = [shape[1], product(shape.slice(2))];
  const count = perChannel({ shape });
  const [mean, var_] = [new Array(channels).fill(0), new Array(channels).fill(0)];
  const channel = (i) => Math.floor(i / inner) % channels;
  for (let i = 0; i < values.length; i++) mean[channel(i)] += values[i] / count;
  for (let i = 0; i < values.length; i++) var_[channel(i)] += (values[i] - mean[channel(i)]) ** 2 / (count - 1);
  return { mean, var: var_ };
}

/** The running statistics before and after each step. */
function traced(state, row, held, parts) {
  const channels = parts[0].shape[1];
  const trace = [{ mean: new Array(channels).fill(0), var: new Array(channels).fill(1), count: 0 }];
  const settled = remembered(JSON.stringify(["running", row, held]), (batch) => normalized(batch, row, held));
  const statistics = parts.slice(0, state.step).map((batch, i) => {
    const { center, pool } = settled(i, batch);
    const inner = product(batch.shape.slice(2));
    const each = perChannel(batch);
    const at = (operand, factor) => Array.from({ length: channels }, (_, c) => operand[c * inner] * factor);
    return { mean: at(center, 1), var: at(pool, each / Math.max(each - 1, 1)), moves: each > 1 };
  });
  for (let step = 0; step < state.step; step++) {
    const now = trace.at(-1);
    const { mean, var: var_, moves } = statistics[step % statistics.length];
    trace.push(moves ? advanced(now, mean, var_, state.momentum) : now);
  }
  return trace;
}

function advanced(now, mean, var_, momentum) {
  const count = now.count + 1;
  const share = momentum ?? 1 / count;
  const blended = (old, fresh) => old.map((value, c) => (1 - share) * value + share * fresh[c]);
  return { mean: blended(now.mean, mean), var: blended(now.var, var_), count };
}

/** Torch's own word on a last batch of one value a channel, and what it means. */
function lone(parts, refusal) {
  if (!parts.length || perChannel(parts.at(-1)) > 1) return "";
  const size = parts[0].shape[0];
  const told = refusal(size === 1 ? "error.single" : "warning.single", parts.at(-1).shape, size);
  if (size === 1) throw Object.assign(new Error(told), { words: told });
  return told;
}
