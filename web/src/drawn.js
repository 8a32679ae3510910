// The data of a state, made of torch's own draws, a clean block, or a table, as `normlab.data.examples` makes them.

const OUTLIER = 8; // standard deviations away

/** What was drawn, as its array; null where a file does not hold that. */
function points({ n, seed, mean, scale, correlation, outliers }, { draws }) {
  const z = draws[`${n} ${seed}`]?.values;
  if (!z) return null;
  const shape = [n, 2];
  const { fround } = Math;
  if (!correlation && !outliers) {
    const x = new Float64Array(z);
    for (let i = 0; i < x.length; i++) x[i] = fround(fround(x[i] * fround(scale[i % 2])) + fround(mean[i % 2]));
    return { values: x, shape };
  }
  const x = new Float64Array(z);
  for (let i = 1; i < x.length; i += 2) x[i] = correlation * x[i - 1] + (1 - correlation ** 2) ** 0.5 * x[i];
  const count = Math.min(outliers, n);
  for (let i = 0; i < count; i++) x[2 * Math.floor((i * n) / count) + (i % 2)] = OUTLIER * (i % 4 < 2 ? 1 : -1);
  return { values: x.map((value, i) => value * scale[i % 2] + mean[i % 2]), shape };
}

function block({ offset, gain, noise, seed }, { clean, draws }) {
  const z = draws[`${seed}`]?.values;
  if (!z) return null;
  return { values: clean.values.map((value, i) => gain * value + noise * z[i] + offset), shape: clean.shape };
}

function bank({ strong, loud, quiet }, { shape }) {
  const values = new Float64Array(shape[1]).fill(quiet);
  values[strong] = loud;
  return { values, shape };
}

const MAKERS = {
  points,
  image: block,
  sequence: block,
  bank,
  contrast: (_, { drive }) => drive,
  table: (_, { values }) => values,
};

/** Where the data of a state are among those that are carried. */
export const place = ({ data, table }) => (data === "table" ? `table ${table}` : data);

/** The data as Python tells them: array, names, rows' numbers; null where a file does not hold them. */
export function build(state, carried) {
  const kept = carried[place(state)];
  const x = kept && MAKERS[state.data](state, kept);
  if (!x) return null;
  const { names, title, fixed, notes } = kept;
  const data = { x, names, title, fixed, notes, ids: null, base: x.shape[0] };
  if (state.data === "contrast") data.other = masked(kept.pool, state.masking);
  const edits = Object.keys(state.edits).length && ["points", "table"].includes(state.data);
  return edits ? { ...data, ...edited(x, state.edits) } : data;
}

const masked = ({ values, shape }, masking) => ({ shape, values: values.map((value, i) => (i % 2 ? masking : value)) });

/** Rows moved, added and deleted; what is not set of an added one is the mean of its column. */
function edited({ values, shape: [rows, width] }, { moved = {}, added = [], deleted = [] }) {
  const x = Float64Array.from(values);
  const set = (array, row, cells) => {
    for (const [column, value] of Object.entries(cells ?? {}))
      if (column < width) array[row * width + Number(column)] = value;
  };
  for (const [row, cells] of Object.entries(moved)) if (row < rows) set(x, row, cells);
  const means = Array.from({ length: width }, (_, c) => {
    let total = 0;
    for (let row = 0; row < rows; row++) total += x[row * width + c];
    return total / rows;
  });
  const all = new Float64Array((rows + added.length) * width);
  all.set(x);
  added.forEach((cells, i) => {
    all.set(means, (rows + i) * width);
    set(all, rows + i, cells);
    set(all, rows + i, moved[rows + i]);
  });
  const gone = new Set(deleted);
  const ids = Array.from({ length: rows + added.length }, (_, row) => row).filter((row) => !gone.has(row));
  const kept = new Float64Array(ids.length * width);
  ids.forEach((row, i) => {
    kept.set(all.subarray(row * width, (row + 1) * width), i * width);
  });
  return { x: { values: kept, shape: [ids.length, width] }, ids };
}
