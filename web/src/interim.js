// Numbers at once: the page computes what it draws until Python answers, and holds the two together.

import { found } from "./carried.js";
import { Computed } from "./computed.js";
import { put } from "./dom.js";
import { place } from "./drawn.js";
import { show } from "./numbers.js";

const MOST = 50_000; // numbers; of more the page would take longer than Python
const CLOSE = { 8: 1e-9, 4: 3e-7 }; // of the larger of 1 and the number, by the bytes in which it is sent

/** What the random draws of a state, or its table, are found by. */
function drawsOf(state) {
  const { n, seed, data } = state;
  return { points: `points ${n} ${seed}`, image: `image ${seed}`, sequence: `sequence ${seed}` }[data] ?? place(state);
}

export class Interim {
  constructor(app) {
    this.app = app;
    this.asked = 0; // how often the parts were asked for
    if (app.host === "offline") return;
    app.on("drawn", () => this.#need());
    app.on("connection", () => this.#forget());
  }

  /** Draw a state before Python has answered; not what only Python can say. */
  draw() {
    this.made = null;
    const { app } = this;
    if (!this.computed || !app.scene || this.draws !== drawsOf(app.state)) return;
    const state = app.changed();
    const made = this.#made(state);
    if (!made) return;
    const [header, held] = made;
    const arrays = Object.entries(held).map(([name, { values, shape }]) => [name, Object.assign(values, { shape })]);
    this.made = { key: JSON.stringify(state), header, arrays: Object.fromEntries(arrays) };
    app.scene = { ...app.scene, ...header };
    app.arrays = this.made.arrays;
    app.tell("interim", app.scene, app.arrays);
  }

  #made(state) {
    try {
      return this.computed.interim(state);
    } catch (error) {
      if (error.words || error instanceof RangeError) return null; // refused, which Python says in its own words
      throw error;
    }
  }

  /** Compare what was drawn with Python's answer to the same state; what differs, in words. */
  compare({ formula }, arrays, state) {
    const { made } = this;
    if (made?.key !== JSON.stringify(state)) return "";
    this.made = null;
    put(this.app.root, "data-compared", Number(this.app.root.dataset.compared ?? 0) + 1);
    const operands = formula.operands.flatMap(({ channel, values }, i) =>
      Object.entries(values).map(([name, value]) => [
        `${name}, ${channel}`,
        [made.header.formula.operands[i].values[name]],
        [value ?? Number.NaN],
      ]),
    );
    const held = Object.entries(arrays).map(([name, values]) => [name, made.arrays[name] ?? [], values]);
    for (const [name, mine, told] of [...operands, ...held]) {
      const at = differing(mine, told);
      if (at < 0) continue;
      return this.app.words("error.interim", { name, mine: show(mine[at], 12), told: show(told[at], 12) });
    }
    return "";
  }

  /** Ask for what states with these draws are computed from; for the rows of the table once a kind of data. */
  async #need() {
    const { app } = this;
    const draws = drawsOf(app.state);
    const count = app.scene.data.shape.reduce((all, length) => all * length, 1);
    if (this.asking || this.draws === draws || count > MOST) return;
    this.asking = true;
    const mine = ++this.asked;
    const key = place(app.state);
    const rows = !this.carried || !Object.values(this.carried.rows).some(({ frames }) => key in frames);
    const { content, buffers } = await app.link.ask({ type: "parts", state: app.changed(), rows });
    if (mine !== this.asked) return;
    this.asking = false;
    this.draws = draws;
    if (content.type === "parts") this.#take(found(content, buffers));
    if (drawsOf(app.state) !== draws) this.#need();
  }

  #take(parts) {
    const before = this.carried;
    for (const [name, row] of Object.entries(parts.rows ?? {}))
      Object.assign(row.frames, { ...before?.rows[name]?.frames, ...row.frames });
    this.carried = { ...before, ...parts };
    this.computed = new Computed(this.carried, this.app.hello);
  }

  /** Another process may answer from now on. */
  #forget() {
    this.asked += 1;
    Object.assign(this, { asking: false, draws: "", carried: null, computed: null, made: null });
  }
}

function differing(mine, told) {
  const close = CLOSE[told.BYTES_PER_ELEMENT ?? 8];
  if (mine.length !== told.length) return 0;
  for (let i = 0; i < told.length; i++) {
    const [a, b] = [mine[i], told[i]];
    if (Math.abs(a - b) <= close * Math.max(1, Math.abs(b))) continue;
    if (Number.isFinite(a) || Number.isFinite(b)) return i;
  }
  return -1;
}
