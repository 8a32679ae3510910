// The general equation over a row's columns and the members of its pool, which Python writes from the table:
//
//   y = weight · sgn(d)|d|^m / (σⁿ + pool(|e|ⁿ))^p + bias,   d = x − center
//
// An array is { values, shape }. Python's operands are the authority; tests hold these to them.

const product = (sizes) => sizes.reduce((a, b) => a * b, 1);
const NEAR = 1e-12; // of a value: a mean that is further away is not that of equal values
const BLOCK = 64; // numbers that are summed one after the other
const held = (column, settings) => (typeof column === "string" ? settings[column] : column);

/** What `make(line, out)` makes of every line of an array along one axis: `length` numbers each. */
function lines({ values, shape }, axis, length, make) {
  const count = shape[axis];
  const inner = product(shape.slice(axis + 1));
  const outer = product(shape.slice(0, axis));
  const all = new Float64Array(outer * length * inner);
  const [line, out] = [new Float64Array(count), new Float64Array(length)];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      for (let k = 0; k < count; k++) line[k] = values[(o * count + k) * inner + i];
      make(line, out);
      for (let k = 0; k < length; k++) all[(o * length + k) * inner + i] = out[k];
    }
  }
  return { values: all, shape: shape.with(axis, length) };
}

/** An array in a shape that it broadcasts to. */
function expanded(array, shape) {
  return shape.reduce((found, length, axis) => {
    if (found.shape[axis] === length) return found;
    return lines(found, axis, length, (line, out) => out.fill(line[0]));
  }, array).values;
}

/** Sums over what is pooled along one axis: over all, within groups, in a window, or by weights. */
const MEMBERS = {
  all: ({ mean }) => ({
    length: 1,
    make: (line, out) => {
      out[0] = sum(line) / (mean ? line.length : 1);
    },
  }),
  groups: ({ count, mean }, length, settings) => {
    const each = length / settings[count];
    if (!Number.isInteger(each)) throw new RangeError(count);
    const make = (line, out) => {
      for (let from = 0; from < length; from += each) {
        out.fill(sum(line, from, from + each) / (mean ? each : 1), from, from + each);
      }
    };
    return { length, make };
  },
  window: (step, length, settings) => {
    const taps = tapped(step, settings);
    const ones = new Float64Array(length).fill(1);
    const inside = step.share ? windowed(ones, taps, new Float64Array(length)) : null;
    const gain = step.gain == null ? 1 : held(step.gain, settings) / taps.length;
    const make = (line, out) => {
      windowed(line, taps, out);
      for (let i = 0; i < length; i++) out[i] = inside ? out[i] / inside[i] : out[i] * gain;
    };
    return { length, make };
  },
  weights: (_, __, { weights }) => ({
    length: weights.length,
    make: (line, out) =>
      weights.forEach((row, i) => {
        out[i] = sum(line.map((value, j) => row[j] * value));
      }),
  }),
};

/** In halves, whose rounding does not add up. */
function sum(line, from = 0, to = line.length) {
  if (to - from > BLOCK) {
    const middle = (from + to) >> 1;
    return sum(line, from, middle) + sum(line, middle, to);
  }
  let total = 0;
  for (let k = from; k < to; k++) total += line[k];
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

function windowed(line, taps, out) {
  const before = Math.floor(taps.length / 2);
  for (let i = 0; i < line.length; i++) {
    let total = 0;
    for (let k = 0; k < taps.length; k++) total += taps[k] * (line[i + k - before] ?? 0);
    out[i] = total;
  }
  return out;
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

/** The least (sign 1) or the largest (-1) of what is pooled; of a window, of the whole sample. */
function extreme(steps, array, settings, sign) {
  const plain = steps.every(({ members }) => members === "all" || members === "groups");
  const used = plain ? steps : ["c", "s"].map((along) => ({ along, members: "all" }));
  return used.reduce(
    (found, step) =>
      axes(step, found).reduce((part, axis) => {
        const length = part.shape[axis];
        const whole = step.members === "all";
        const each = whole ? length : length / settings[step.count];
        return lines(part, axis, whole ? 1 : length, (line, out) => best(line, out, each, sign));
      }, found),
    array,
  );
}

function best(line, out, each, sign) {
  for (let from = 0; from < line.length; from += each) {
    let found = line[from];
    for (let k = from + 1; k < from + each; k++) if (sign * (line[k] - found) < 0) found = line[k];
    out.fill(found, from, from + each);
  }
}

/** The pool of x; of values that are all equal exactly that value, since a mean is rounded. */
function centered(steps, x, settings) {
  const { values, shape } = x;
  const center = expanded(pooled(steps, x, settings), shape);
  if (!values.some((value, i) => Math.abs(value - center[i]) <= NEAR * Math.abs(value))) return center;
  const [low, high] = [1, -1].map((sign) => expanded(extreme(steps, x, settings, sign), shape));
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
    return factor(mine, length, cell[axis], settings);
  });
  return factors.reduce((found, along) => {
    const out = new Float64Array(found.length * along.length);
    for (let i = 0; i < found.length; i++)
      for (let k = 0; k < along.length; k++) out[i * along.length + k] = found[i] * along[k];
    return out;
  }, Float64Array.of(1));
}

/** The weight of each place along an axis in what is pooled at one of them. */
function factor(steps, length, at, settings) {
  const out = new Float64Array(length);
  const [{ members: how, mean } = {}] = steps;
  if (!steps.length) out[at] = 1;
  else if (how === "all")
    out.fill(mean ? 1 / length : 1); // what more is pooled of one number changes nothing
  else for (let j = 0; j < length; j++) out[j] = share(steps, length, j, at, settings);
  return out;
}

/** What a one at place j adds to what is pooled at another. */
function share(steps, length, j, at, settings) {
  const found = steps.reduce(
    (array, step) => {
      const { length: more, make } = MEMBERS[step.members](step, array.shape[0], settings);
      return lines(array, 0, more, make);
    },
    { values: new Float64Array(length).fill(1, j, j + 1), shape: [length] },
  ).values;
  return found.length === 1 ? found[0] : found[at];
}
