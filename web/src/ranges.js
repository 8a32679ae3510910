// Where the axes are, and histograms on them.

const LEFT = 0.1; // share of the values beyond fixed axes from which these follow
const LEFT_BESIDE = 0.02; // and where two clouds stand beside one another
const BINS = 24;

/** Arrays one after the other. */
export function joined(parts, length) {
  const out = new Float64Array(length);
  let at = 0;
  for (const values of parts) {
    out.set(values, at);
    at += values.length;
  }
  return out;
}

/** One channel of a table, or all of a block. */
export function column({ values, shape }, channel) {
  if (channel === null) return values;
  const found = new Float64Array(shape[0]);
  for (let row = 0; row < found.length; row++) found[row] = values[row * shape[1] + channel];
  return found;
}

export function extent(values) {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? null : [low, high];
}

/** Where the axes of a table stay while values move. */
export function columnRanges(values, shape) {
  return Array.from({ length: shape[1] }, (_, channel) => {
    const [low, high] = extent(column({ values, shape }, channel));
    const room = 0.05 * Math.max(high - low, 1e-9);
    return [low - room, high + room];
  });
}

function padded(values) {
  const found = extent(values);
  if (!found) return [-1, 1];
  const [low, high] = found;
  const room = 0.06 * (high - low) || Math.max(Math.abs(low), 1) * 0.5;
  return [low - room, high + room];
}

/** Fixed axes; moved by quarters and doubled until all is seen, once many values have left them. */
function following(fixed, values, left) {
  const [low, high] = fixed;
  let [finite, outside] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    finite++;
    if (values[i] < low || values[i] > high) outside++;
  }
  if (!finite || outside / finite <= left) return fixed;
  const [least, most] = padded(values);
  let span = high - low;
  while (0.75 * span < most - least) span *= 2;
  let middle = (low + high) / 2;
  middle += even(((least + most) / 2 - middle) / (span / 4)) * (span / 4);
  return [middle - span / 2, middle + span / 2];
}

/** To the nearest whole number, halves to the even one, as Python rounds. */
function even(value) {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 ? low + 1 : low;
}

/** Fixed, shared or automatic; those after are also of what it is compared with. */
export function frames({ frame }, { x, fixed }, y, other, columns, after, column) {
  const before = columns.map((channel) => column(x.values, channel));
  const results = columns.map((channel) => {
    const mine = column(y, channel);
    return other ? joined([mine, column(other, channel)], 2 * mine.length) : mine;
  });
  const [ranges, mine] = [before.map(padded), results.map(padded)];
  if (frame === "auto") return { before: ranges, after: mine, moved: [] };
  if (frame === "shared") {
    const both = ranges.map((range, i) => [Math.min(range[0], mine[i][0]), Math.max(range[1], mine[i][1])]);
    return { before: both, after: both, moved: [] };
  }
  const starts = { before: columns.map((channel) => fixed[channel ?? 0]), after: columns.map(() => after) };
  const left = { before: LEFT, after: other ? LEFT_BESIDE : LEFT };
  const found = { before, after: results };
  const moved = [];
  for (const side of ["before", "after"]) {
    const told = starts[side].map((start, i) => following(start, found[side][i], left[side]));
    if (told.some((range, i) => range !== starts[side][i])) moved.push(side);
    found[side] = told;
  }
  return { ...found, moved };
}

/** Counts of all values and of those from one row to another, in equal bins, and how many lie beyond. */
export function histogram(values, [from, to], [low, high]) {
  const inside = values.subarray(from, to);
  let outside = 0;
  for (let i = 0; i < values.length; i++) if (values[i] < low || values[i] > high) outside++;
  return { low, high, all: counts(values, low, high), batch: counts(inside, low, high), outside };
}

function counts(values, low, high) {
  const found = new Array(BINS).fill(0);
  const step = (high - low) / BINS;
  const edge = (i) => (i < BINS / 2 ? low + step * i : high - step * (BINS - i));
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value >= low && value <= high)) continue;
    let bin = Math.min(BINS - 1, Math.floor((value - low) / step));
    while (bin > 0 && value < edge(bin)) bin--;
    while (bin < BINS - 1 && value >= edge(bin + 1)) bin++;
    found[bin]++;
  }
  return found;
}
