// The way of the points from before to after, in three beats: less the center, divided by the scale, weight and
// bias. Places between two beats are between their numbers, which are Python's.

import { clamp } from "./numbers.js";

export const BEATS = ["input", "centred", "scaled", "output"];
export const LAST = BEATS.length - 1;
const TRAVEL = 0.6; // of the second beat; then the axes come closer
const ALIKE = 8; // times as long one axis may be and still share its unit with the other

const eased = (t) => t * t * (3 - 2 * t);
const between = (a, b, t) => a + (b - a) * t;

/** What each beat shows of a cloud: its numbers, and where the cross and the box of the pool are. */
export class Way {
  constructor(scene, arrays, frames) {
    const { before, after } = arrays;
    const centred = arrays.centred ?? before;
    Object.assign(this, { stages: [before, centred, arrays.scaled ?? after, after], after: frames });
    this.shape = after.shape;
    this.stats = statistics(scene);
  }

  /** The numbers at a moment from 0 to 3. */
  values(t) {
    const i = Math.min(Math.floor(t), LAST - 1);
    const part = moment(i, t - i);
    if (part === 0) return this.stages[i];
    if (part === 1) return this.stages[i + 1];
    const [from, to] = [this.stages[i], this.stages[i + 1]];
    const found = Object.assign(new Float64Array(from.length), { shape: this.shape });
    for (let k = 0; k < from.length; k++) found[k] = between(from[k], to[k], part);
    return found;
  }

  /** The ranges of the axes at a moment: wide while the points travel, those of after in the end. */
  frame(t) {
    if (t >= 2) return this.after;
    this.wide ??= this.#wide();
    const closer = eased(clamp((t - 1 - TRAVEL) / (1 - TRAVEL), 0, 1));
    if (closer === 0) return this.wide;
    return this.wide.map((range, axis) => range.map((end, side) => between(end, this.after[axis][side], closer)));
  }

  pool(t) {
    if (!this.stats) return null;
    const i = Math.min(Math.floor(t), LAST - 1);
    const part = moment(i, t - i);
    return this.stats.map((axis) => ({
      center: between(axis.centers[i], axis.centers[i + 1], part),
      half: between(axis.halves[i], axis.halves[i + 1], part),
    }));
  }

  #wide() {
    const width = this.shape[1];
    const ranges = Array.from({ length: width }, (_, axis) => {
      let [low, high] = [0, 0];
      for (const values of [this.stages[0], this.stages[1]]) {
        for (let k = axis; k < values.length; k += width) {
          if (!Number.isFinite(values[k])) continue;
          low = Math.min(low, values[k]);
          high = Math.max(high, values[k]);
        }
      }
      return padded(low, high);
    });
    return width > 1 ? alike(ranges) : ranges;
  }
}

/** Where within a beat the points are: they rest at its end while the axes come closer. */
const moment = (i, part) => (i === 1 ? eased(clamp(part / TRAVEL, 0, 1)) : eased(clamp(part, 0, 1)));

function padded(low, high) {
  const room = 0.06 * (high - low) || 1;
  return [low - room, high + room];
}

/** One unit for both axes, so that a long cloud looks long, unless one of them would vanish. */
function alike(ranges) {
  const spans = ranges.map(([low, high]) => high - low);
  const unit = Math.max(spans[0] / 310, spans[1] / 234); // of the plot's area
  if (Math.max(...spans) / Math.min(...spans) > ALIKE) return ranges;
  return ranges.map(([low, high], axis) => {
    const more = (unit * [310, 234][axis] - (high - low)) / 2;
    return [low - more, high + more];
  });
}

/** Center and scale of the selected point in each shown channel, at each beat; null where a box would mislead or nothing was computed. */
function statistics({ formula, columns }) {
  if (formula.bent) return null;
  const each = columns.map((column) => formula.operands.find(({ channel }) => channel === column)?.values);
  const found = each.map((values) => {
    if (!values || !Number.isFinite(values.scale) || !Number.isFinite(values.y)) return null;
    const { center = 0, scale, weight = 1, bias = 0 } = values;
    return { centers: [center, 0, 0, bias], halves: [scale, scale, 1, Math.abs(weight)] };
  });
  return found.includes(null) ? null : found;
}
