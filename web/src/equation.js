// The general equation over a row's columns and the members of its pool, which Python writes from the table:
//
//   y = weight · sgn(d)|d|^m / (σⁿ + pool(|e|ⁿ))^p + bias,   d = x − center
//
// An array is { values, shape }. Python's operands are the authority; tests hold these to them.

const product = (sizes) => sizes.reduce((a, b) => a * b, 1);
const held = (column, settings) => (typeof column === "string" ? settings[column] : column);

/** What `make` makes of every line of an array along one axis: a list of `length` numbers. */
function lines({ values, shape }, axis, length, make) {
  const count = shape[axis];
  const inner = product(shape.slice(axis + 1));
  const outer = product(shape.slice(0, axis));
  const out = new Float64Array(outer * length * inner);
  const line = new Float64Array(count);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      for (let k = 0; k < count; k++) line[k] = values[(o * count + k) * inner + i];
      const made = make(line);
      for (let k = 0; k < length; k++) out[(o * length + k) * inner + i] = made[k];
    }
  }
  return { values: out, shape: shape.with(axis, length) };
}

/** An array in a shape that it broadcasts to. */
function expanded(array, shape) {
  return shape.reduce((found, length, axis) => {
    if (found.shape[axis] === length) return found;
    return lines(found, axis, length, ([value]) => new Float64Array(length).fill(value));
  }, array).values;
}

/** Sums over what is pooled along one axis: over all, within groups, in a window, or by weights. */
const MEMBERS = {
  all: ({ mean }) => ({ length: 1, make: (line) => [sum(line) / (mean ? line.length : 1)] }),
  groups: ({ count, mean }, length, settings) => {
    const each = length / settings[count];
    if (!Number.isInteger(each)) throw new RangeError(count);
    const make = (line) => {
      const out = new Float64Array(length);
      for (let from = 0; from < length; from += each) {
        const total = sum(line.subarray(from, from + each));
        out.fill(mean ? total / each : total, from, from + each);
      }
      return out;
    };
    return { length, make };
  },
  window: (step, length, settings) => {
    const taps = tapped(step, settings);
    const inside = step.share ? windowed(new Float64Array(length).fill(1), taps) : null;
    const gain = step.gain == null ? 1 : held(step.gain, settings) / taps.length;
    const share = (value, i) => (inside ? value / inside[i] : value * gain);
    return { length, make: (line) => windowed(line, taps).map(share) };
  },
  weights: (_, __, settings) => {
    const { weights } = settings;
    return {
      length: weights.length,
      make: (line) => weights.map((row) => sum(line.map((value, j) => row[j] * value))),
    };
  },
};

function sum(line) {
  let total = 0;
  for (let k = 0; k < line.length; k++) total += line[k];
  return total;
}

/** The weights of a window; of an even one the extra place lies before. */
function tapped({ size, width, shape }, settings) {
  const length = held(size, settings);
  if (!shape || held(shape, settings) === "box") return new Array(length).fill(1);
  const wide = held(width, settings) ?? length / 4;
  const taps = Array.from({ length }, (_, k) => Math.exp(-0.5 * ((k - Math.floor(length / 2)) / wide) ** 2));
  const total = sum(taps);
  return taps.map((tap) => tap / total);
}

function windowed(line, taps) {
  const before = Math.floor(taps.length / 2);
  return Float64Array.from(line, (_, i) => {
    let total = 0;
    for (let k = 0; k < taps.length; k++) total += taps[k] * (line[i + k - before] ?? 0);
    return total;
  });
}

const axes = ({ along }, { shape }) =>
  along === "s" ? shape.map((_, axis) => axis).slice(2) : [{ n: 0, c: 1 }[along]];

function pooled(steps, array, settings) {
  return steps.reduce(
    (found, step) =>
      axes(step, found).reduce((part, axis) => {
        const { length, make } = MEMBERS[step.members](step, part.shape[axis], settings);
        return lines(part, axis, length, make);
      }, found),
    array,
  );
}

/** The least or the largest of what is pooled; of a window, of the whole sample. */
function extreme(steps, array, settings, pick) {
  const plain = steps.every(({ members }) => members === "all" || members === "groups");
  const used = plain ? steps : ["c", "s"].map((along) => ({ along, members: "all" }));
  const best = (line) => line.reduce((a, b) => pick(a, b));
  return used.reduce(
    (found, step) =>
      axes(step, found).reduce((part, axis) => {
        const length = part.shape[axis];
        if (step.members === "all") return lines(part, axis, 1, (line) => [best(line)]);
        const each = length / settings[step.count];
        const within = (line) => line.map((_, i) => best(line.subarray(i - (i % each), i - (i % each) + each)));
        return lines(part, axis, length, within);
      }, found),
    array,
  );
}

/** The pool of x; of values that are all equal exactly that value, since a mean is rounded. */
function centered(steps, x, settings) {
  const center = expanded(pooled(steps, x, settings), x.shape);
  const [low, high] = [Math.min, Math.max].map((pick) => expanded(extreme(steps, x, settings, pick), x.shape));
  return center.map((value, i) => (low[i] === high[i] ? low[i] : value));
}

/** |a|^power. */
export function powered(a, power) {
  if (power === 1) return Math.abs(a);
  if (power === 2) return a * a;
  return power === 0.5 ? Math.sqrt(Math.abs(a)) : Math.abs(a) ** power;
}

function scaled(row, pool, settings, p, n) {
  const { setting, placement, raised } = row.sigma;
  const sigma = settings[setting];
  if (placement === "inside") {
    const offset = raised ? powered(sigma, n) : sigma;
    return pool.map((value) => powered(offset + value, p));
  }
  const root = pool.map((value) => powered(value, p));
  return root.map((value) => (placement === "outside" ? value + sigma : Math.max(value, sigma)));
}

/** The powers of a row with these settings. */
export function powers(row, settings) {
  const [m, n] = [held(row.m, settings), held(row.n, settings)];
  return { m, n, p: row.p === null ? 1 / n : held(row.p, settings) };
}

/**
 * x normalised by a row: y, its operands, and d and d^m / scale on the way, each as long as x. Weight and bias
 * hold one number a channel; `statistics` are [mean, variance] of each channel; `other` is pooled in place of d.
 */
export function normalized(x, row, settings, { weight, bias, statistics, other } = {}) {
  const { m, n, p } = powers(row, settings);
  const [channels, inner] = [x.shape[1], product(x.shape.slice(2))];
  const channel = (i) => Math.floor(i / inner) % channels;
  const given = statistics?.map((each) => x.values.map((_, i) => each[channel(i)]));
  const center = given?.[0] ?? (row.center ? centered(row.pool, x, settings) : new Float64Array(x.values.length));
  const d = x.values.map((value, i) => value - center[i]);
  const e = other ?? { values: d, shape: x.shape };
  const raised = () => ({ ...e, values: e.values.map((value) => powered(value, n)) });
  const pool = given?.[1] ?? expanded(pooled(row.pool, raised(), settings), x.shape);
  const scale = scaled(row, pool, settings, p, n);
  const divided = d.map((value, i) => (m === 1 ? value : Math.sign(value) * powered(value, m)) / scale[i]);
  const y = weight ? divided.map((value, i) => weight[channel(i)] * value + bias[channel(i)]) : divided;
  return { y, center, scale, pool, d, divided };
}

/** The weight of each element of a block in the pool of one: a product of one weight for each axis. */
export function members({ pool: steps }, shape, cell, settings) {
  const factors = shape.map((length, axis) => {
    const mine = steps.filter((step) => axes(step, { shape }).includes(axis));
    return Float64Array.from({ length }, (_, j) => {
      const unit = new Float64Array(length);
      unit[j] = 1;
      const found = mine.reduce((line, step) => {
        const { make } = MEMBERS[step.members](step, line.length, settings);
        return make(line);
      }, unit);
      return found.length === 1 ? found[0] : found[cell[axis]];
    });
  });
  const inner = shape.map((_, axis) => product(shape.slice(axis + 1)));
  return Float64Array.from({ length: product(shape) }, (_, i) =>
    factors.reduce((weight, factor, axis) => weight * factor[Math.floor(i / inner[axis]) % shape[axis]], 1),
  );
}
