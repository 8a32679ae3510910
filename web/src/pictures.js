// What each kind of data looks like: its arrays, histograms, and which cells one is normalised with.

import { members } from "./equation.js";
import { histogram } from "./ranges.js";

const [MAP_ROWS, MAP_COLUMNS] = [12, 16]; // of a batch, in the map of cells
const product = (sizes) => sizes.reduce((a, b) => a * b, 1);

/** The shown channels of values that are as long as x. */
export function shown({ shape }, values, channels) {
  const [rows, width] = shape;
  if (channels.length === width && channels.every((channel, i) => channel === i)) return { values, shape };
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
  return { values: new Float32Array(part.map((weight) => weight / most)), shape };
}

const pooled = (weights) => weights.reduce((count, weight) => count + (weight > 0), 0);

/** Points: the shown channels before, after and on the way, histograms, and the cells of the selected batch. */
export function cloud(seen) {
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
    return { ...found, values: new Float32Array(found.values) };
  };
  return { ...(row.center && { centred: single(d) }), ...(!plain && { scaled: single(divided) }) };
}

export function block(seen) {
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

export function bank(seen) {
  const { x, outcome: made, cell: place } = seen;
  const weights = weighed(seen, x.shape, place);
  const shape = [...x.shape, 1];
  const cells = { first: 0, shape, all: shape[0], pooled: pooled(weights) };
  return [
    { cells },
    { before: x, after: { values: made.y, shape: x.shape }, cells: relative(weights, weights, shape) },
  ];
}
