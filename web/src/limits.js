// What a link or a field may set, checked by the limits that Python writes.

const PARTS = ["moved", "added", "deleted"];

function number(value, { low, high, above, whole, most }) {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (whole && !Number.isInteger(value)) return false;
  if (most !== undefined && Math.abs(value) > most) return false;
  return !(value < low || value > high || value <= above);
}

function holds(value, limit) {
  if (value === null) return Boolean(limit.none);
  if (limit.names) return limit.names.includes(value);
  if (limit.each) {
    const [least, most] = limit.count;
    const right = Array.isArray(value) && value.length >= least && value.length <= most;
    return right && value.every((one) => holds(one, limit.each));
  }
  if (limit.parts) return edits(value);
  return "low" in limit || "above" in limit ? number(value, limit) : true;
}

function edits(value) {
  if (typeof value !== "object" || Object.keys(value).some((part) => !PARTS.includes(part))) return false;
  const { moved = {}, added = [], deleted = [] } = value;
  if (!Array.isArray(added) || !Array.isArray(deleted) || typeof moved !== "object") return false;
  const cell = ([column, held]) => /^\d{1,9}$/.test(column) && Number.isFinite(held) && Math.abs(held) <= 1e9;
  const cells = (row) => row && typeof row === "object" && Object.entries(row).every(cell);
  const row = (id) => /^\d{1,9}$/.test(`${id}`);
  return [...Object.keys(moved), ...deleted].every(row) && [...Object.values(moved), ...added].every(cells);
}

/** The parts that hold any change, in their order. */
const filled = (changes) =>
  Object.fromEntries(PARTS.flatMap((part) => (Object.keys(changes[part] ?? {}).length ? [[part, changes[part]]] : [])));

/** Those settings that hold, over the defaults, and what is wrong with the others, in words. */
export function read(given, defaults, limits, words) {
  const [state, problems] = [{ ...defaults }, []];
  for (const [name, value] of Object.entries(given)) {
    if (name === "v") continue;
    const limit = Object.hasOwn(limits, name) && limits[name];
    if (!limit) problems.push(words("offline.unknown", { name: name.slice(0, 40) }));
    else if (holds(value, limit)) state[name] = limit.parts ? filled(value) : value;
    else
      problems.push(words("offline.outside", { name, value: JSON.stringify(value).slice(0, 60), must: limit.words }));
  }
  return { state, problems };
}
