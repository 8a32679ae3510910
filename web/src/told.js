// Operands as they are read: in numbers, in the formula and in three beats; and the sentences on what is seen.

import { powers } from "./equation.js";

/** Digits as C's %g gives them. */
export function general(value, digits) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [, exponent] = value.toExponential(digits - 1).split("e");
  const plain = (number) => (number.includes(".") ? number.replace(/\.?0+$/, "") : number);
  if (exponent >= -4 && exponent < digits) return plain(value.toPrecision(digits));
  const [mantissa] = value.toExponential(digits - 1).split("e");
  return `${plain(mantissa)}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

const typeset = (value, digits) => (Number.isNaN(value) ? "–" : general(value, digits).replaceAll("-", "−"));
export const text = (value) => typeset(value, 6);

function few(value, signed = false) {
  const shown = typeset(value, 4);
  return signed && value < 0 ? `(${shown})` : shown;
}

function latex(value) {
  const [digits, exponent] = general(value, 6).split("e");
  return exponent ? `${digits} \\times 10^{${Number(exponent)}}` : digits;
}

const SIGNED = ["x", "center", "d", "bias"];
const RAISED = ["sigma"];

/** The formula with its gaps filled: in brackets where a sign would follow an operator. */
export function numbers(gaps, values) {
  if (Number.isNaN(values.y)) return [gaps.at(-1)];
  return gaps.slice(0, -1).map((line) =>
    line.replace(/@(=?)(\w+)@/g, (_, result, term) => {
      const number = latex(values[term]);
      const inside = (number[0] === "-" && SIGNED.includes(term)) || (number.includes("^") && RAISED.includes(term));
      return inside && !result ? `(${number})` : number;
    }),
  );
}

/** The operands of one element of the chosen batch, by term, in the order in which they are computed. */
export function operands({ row, settings, affine, chosen, divided }, x, channel, here, at) {
  const values = { x: x[at] };
  if (row.center) Object.assign(values, { center: chosen.center[here], d: x[at] - chosen.center[here] });
  values.pool = chosen.pool[here];
  for (const name of row.named) values[name] = settings[name];
  values.scale = chosen.scale[here];
  for (const [name, each] of Object.entries(affine)) values[name] = each[channel];
  values.y = chosen.y[here];
  const shown = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]));
  return { channel, values, shown, beats: beats(values, divided[at], powers(row, settings).m) };
}

function beats(values, scaled, power) {
  const part = (term) => [term, few(values[term] ?? 0, ["center", "bias"].includes(term))];
  const sign = (of) => ["", of];
  const name = "d" in values ? "d" : "x";
  const raised = [name, `${few(values[name])}${power === 1 ? "" : `^${few(power)}`}`];
  const moved = [
    part("weight"),
    sign("·"),
    ["scaled", few(scaled, true)],
    sign("+"),
    part("bias"),
    sign("="),
    part("y"),
  ];
  return {
    input: [["x", few(values.x)]],
    centred: name === "d" ? [part("x"), sign("−"), part("center"), sign("="), part("d")] : [],
    scaled: [raised, sign("÷"), part("scale"), sign("="), ["scaled", few(scaled)]],
    output: "weight" in values ? moved : [["y", few(values.y)]],
  };
}

const TABLES = ["points", "table"];

/** One sentence on what there is now. */
export function status(words, state, seen) {
  const { outcome, x, used } = seen;
  const { row, sizes, y, evaluated } = outcome;
  const table = TABLES.includes(state.data);
  const shown = table ? seen.columns.map((channel) => seen.column(y, channel)) : [y];
  const told = {
    norm: row.title,
    rows: x.shape[0],
    channels: x.shape[1],
    channel: seen.cell[1],
    batches: sizes.length,
    size: sizes[0],
    last: sizes.at(-1),
    step: state.step,
    mean: listed(shown, mean, 1),
    std: listed(shown, deviation, 2),
    x: text(rounded(x.values[seen.at])),
    y: text(rounded(y[seen.at])),
  };
  return words(`status.${kind(state, { evaluated, used, sizes })}`, told);
}

function kind({ data }, { evaluated, used, sizes }) {
  if (data === "bank" || data === "contrast") return data;
  if (evaluated) return "eval";
  if (!TABLES.includes(data)) return "block";
  if (!used) return "alone";
  if (sizes.length === 1) return "one";
  return sizes[0] === sizes.at(-1) ? "batches" : "uneven";
}

const rounded = (value) => (Number.isFinite(value) ? Number(value.toFixed(4)) : value);
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

function deviation(values) {
  const middle = mean(values);
  return Math.sqrt(values.reduce((total, value) => total + (value - middle) ** 2, 0) / (values.length - 1));
}

function listed(shown, statistic, least) {
  const found = shown.map((values) => {
    const finite = values.filter(Number.isFinite);
    return finite.length < least ? "–" : text(rounded(statistic(finite)) + 0);
  });
  return found.join(" · ");
}

/** What is seen, in plain words. */
export function lead(words, state, { outcome, x, used }) {
  const { row, sizes } = outcome;
  const what = { table: "points", bank: "channels", contrast: "contrasts" }[state.data] ?? state.data;
  const told = { rows: x.shape[0], size: sizes[0], step: state.step, norm: row.title };
  return words(`lead.${leading(state, outcome, used)}`, { ...told, what: words(`lead.what.${what}`) });
}

function leading(state, { row, evaluated, sizes }, used) {
  const table = TABLES.includes(state.data);
  if (state.data === "bank" || state.data === "contrast") return state.data;
  if (evaluated) return state.step ? "eval" : "eval.start";
  if (used) return sizes.length === 1 ? "whole" : "batches";
  if (row.axes && row.center) return table ? "own" : "block";
  return row.axes && row.m === 1 && table ? "length" : "divided";
}
