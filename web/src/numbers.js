// Numbers as people read them, scales, and ticks at round values.

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const typographic = (number) => number.replaceAll("-", "−").replace("e+", "e");

/** To `digits` significant digits, with a typographic minus. */
export function show(value, digits = 4) {
  if (value == null || Number.isNaN(value)) return "NaN";
  return typographic(`${Number(value.toPrecision(digits))}`);
}

/** A number at an axis, as a power of ten where that is shorter. */
export function mark(value) {
  const plain = show(value, 6);
  const power = typographic(Number(value.toPrecision(6)).toExponential());
  return plain.length > 6 && power.length < plain.length ? power : plain;
}

/** A linear map from a range to pixels, which can be asked backwards. */
export function linear([low, high], [from, to]) {
  const factor = (to - from) / (high - low || 1);
  const map = (value) => from + (value - low) * factor;
  map.back = (pixel) => low + (pixel - from) / factor;
  map.low = low;
  map.high = high;
  return map;
}

export function logarithmic([low, high], range) {
  const inner = linear([Math.log10(low), Math.log10(high)], range);
  const map = (value) => inner(Math.log10(value));
  map.back = (pixel) => 10 ** inner.back(pixel);
  map.low = low;
  map.high = high;
  return map;
}

/** About `count` round values within a range. */
export function ticks(low, high, count = 5) {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found;
}

export const round = (value) => Math.round(value * 100) / 100;
