// The Python that makes the numbers again: the script that `normlab explore` shows for the same state.

import { inBatches, joins } from "./outcome.js";

const MOMENTUM = 0.1; // of torch's layer

/** A number as Python writes one that is a float. */
export function float(value) {
  if (!Number.isFinite(value)) return `float("${Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"}")`;
  const [digits, exponent] = value.toExponential().split("e");
  const sign = Object.is(value, -0) ? "-" : "";
  if (value === 0 || (exponent >= -4 && exponent < 16)) {
    const plain = exponent >= -4 && Math.abs(value) < 1e-3 ? small(digits, -exponent) : `${value}`;
    return `${sign}${plain}${plain.includes(".") ? "" : ".0"}`;
  }
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/** Written out, where JavaScript would already take an exponent. */
function small(digits, places) {
  if (places <= 0) return digits;
  const minus = digits.startsWith("-") ? "-" : "";
  return `${minus}0.${"0".repeat(places - 1)}${digits.replace(/[-.]/g, "")}`;
}

const number = (value) => (Number.isInteger(value) ? `${value}` : float(value));

function literal(value) {
  if (value === null) return "None";
  if (typeof value === "string") return `"${value}"`;
  if (Array.isArray(value)) return `(${value.map(literal).join(", ")}${value.length === 1 ? "," : ""})`;
  return number(value);
}

const given = (pairs) => pairs.map(([name, value]) => `${name}=${value}`).join(", ");
const more = (pairs) => (pairs.length ? `, ${given(pairs)}` : "");
const call = (x, norm, pairs) => `normlab.normalize(${x}, "${norm}"${more(pairs)})`;

/** `carried` says which function makes each kind of data, from which settings. */
export function script(state, row, data, { makers, data: kept }, defaults) {
  const [source, lines] = made(state, makers, kept, defaults);
  const imports = ["import torch", "", "import normlab", ...source];
  const parts = [imports, lines, normalise(state, row, data)];
  return `${parts.map((part) => part.join("\n")).join("\n\n")}\n`;
}

function made(state, makers, kept, defaults) {
  if (state.data === "table") return edited(state, [], kept[`table ${state.table}`].written);
  const [maker, names] = makers[state.data];
  const changed = names.filter((name) => JSON.stringify(state[name]) !== JSON.stringify(defaults[name]));
  const first = maker === "block" ? [`"${state.data}"`] : [];
  const rest = changed.map((name) => `${name}=${literal(state[name])}`);
  const target = state.data === "contrast" ? "x, pool_input" : "x";
  return edited(state, [maker], [`${target} = ${maker}(${[...first, ...rest].join(", ")})`]);
}

function edited(state, makers, lines) {
  const { edits, data } = state;
  if (!Object.keys(edits).length || !["points", "table"].includes(data)) return [imported(makers), lines];
  return [imported([...makers, "edited"].sort()), [...lines, `x = edited(x, ${changes(edits)})`]];
}

const imported = (makers) => (makers.length ? [`from normlab.data.examples import ${makers.join(", ")}`] : []);

function changes({ moved = {}, added = [], deleted = [] }) {
  const dict = (pairs) => `{${pairs.map(([key, value]) => `"${key}": ${value}`).join(", ")}}`;
  const cells = (row) => dict(Object.entries(row).map(([column, value]) => [column, float(value)]));
  const rows = Object.entries(moved).map(([row, each]) => [row, cells(each)]);
  const parts = [
    ["moved", rows.length ? dict(rows) : ""],
    ["added", added.length ? `[${added.map(cells).join(", ")}]` : ""],
    ["deleted", deleted.length ? `[${deleted.join(", ")}]` : ""],
  ];
  return dict(parts.filter(([, part]) => part));
}

/** The settings of the row that were set, as arguments. */
function touched(state, row) {
  const starts = new Map(row.settings.map((setting) => [setting.name, setting.default]));
  const found = Object.entries(state).filter(([name]) => starts.has(name));
  const pairs = new Map(found.map(([name, value]) => [name, literal(value)]));
  if (starts.has("eps") && (state.eps ?? starts.get("eps")) === null) pairs.set("eps", float(2 ** -23));
  return pairs;
}

function normalise(state, row, data) {
  const [lines, pairs] = [[], touched(state, row)];
  if (row.settings.some(({ name }) => name === "pool_weight")) {
    const shape = literal([data.x.shape[1], (data.other ?? data.x).shape[1]]);
    const cross = float(state.pool_cross);
    const own = number(state.pool_own);
    lines.push(`pool_weight = torch.full(${shape}, ${cross}, dtype=torch.float64).fill_diagonal_(${own})`);
    pairs.set("pool_weight", "pool_weight");
  }
  if (data.other) pairs.set("pool_input", "pool_input");
  for (const name of row.affine ? ["weight", "bias"] : []) lines.push(...affine(name, state[name], data, pairs));
  if (row.running && state.mode === "eval") {
    const all = [["statistics", "running"], ...pairs];
    return [...lines, ...evaluated(state, row, data, call("x", state.norm, all))];
  }
  if (!inBatches(state, row)) {
    return [...lines, `out = ${call("x", state.norm, [...pairs])}`, "y = out.y  # its operands: out.center, out.scale"];
  }
  const rows = data.x.shape[0];
  return [
    ...lines,
    ...batches(state, rows),
    `outs = [${call("batch", state.norm, [...pairs])} for batch in batches]`,
    `y = torch.cat([${outs(state, rows)}])  # operands: out.center, out.scale`,
  ];
}

function affine(name, values, { x }, pairs) {
  const plain = name === "weight" ? 1 : 0;
  const each = x.shape[1] === 2 ? [values[0], values.at(-1)] : [values[0]];
  if (each.every((value) => value === plain)) return [];
  pairs.set(name, name);
  const held = x.shape[1] === 2 ? `[${each.map(float).join(", ")}]` : float(each[0]);
  return [`${name} = torch.tensor(${held}, dtype=torch.float64)`];
}

function batches(state, rows) {
  const alone = state.batch_size === 1 ? "  # in training torch's layer refuses batches of one" : "";
  const split = `batches = x.split(${state.batch_size})${alone}`;
  if (!joins(state, state.batch_size, rows)) return [split];
  const before = rows - 1 - state.batch_size;
  return [split, `batches = *batches[:-2], x[${before}:]  # the last row was alone: it joins a batch`];
}

const refused = (state, size, rows) => rows % size === 1 && !joins(state, size, rows);

function outs(state, rows) {
  if (!refused(state, state.batch_size, rows)) return "out.y for out in outs";
  return "*(out.y for out in outs[:-1]), torch.full_like(x[-1:], torch.nan)";
}

function evaluated(state, row, { x }, made) {
  const [rows, channels] = x.shape;
  const used = inBatches(state, row);
  const eps = touched(state, row).get("eps") ?? literal(row.settings.find(({ name }) => name === "eps").default);
  const layer = [["eps", eps], ...(state.momentum === MOMENTUM ? [] : [["momentum", literal(state.momentum)]])];
  const train = refused(state, used ? state.batch_size : rows, rows)
    ? [
        "    batch = batches[step % len(batches)]",
        "    if len(batch) > 1:  # torch refuses a batch of one",
        "        layer(batch)  # training moves the running statistics",
      ]
    : ["    layer(batches[step % len(batches)])  # training moves the running statistics"];
  return [
    ...(used ? batches(state, rows) : ["batches = x.split(len(x))"]),
    `layer = normlab.nn.BatchNorm(${channels}${more(layer)}, dtype=torch.float64)`,
    `for step in range(${state.step}):`,
    ...train,
    "running = layer.running_mean, layer.running_var",
    `out = ${made}`,
    "y = out.y  # its operands: out.center, out.scale",
  ];
}
