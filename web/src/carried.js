// What Python wrote for the page to compute from: JSON that names arrays, and their bytes.

/** The same with each array in the place that names it. */
export function found(value, views) {
  if (value === null || typeof value !== "object") return value;
  if ("buffer" in value) return { values: numbers(views[value.buffer], value.bytes), shape: value.shape };
  if (Array.isArray(value)) return value.map((each) => found(each, views));
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, found(held, views)]));
}

/** The numbers of a view, read in place where they begin at a multiple of their size. */
export function numbers({ buffer, byteOffset, byteLength }, bytes) {
  const whole = byteOffset % bytes === 0;
  const held = whole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  return new (bytes === 8 ? Float64Array : Float32Array)(held, whole ? byteOffset : 0, byteLength / bytes);
}
