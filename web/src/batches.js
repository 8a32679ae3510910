// The strip of batches, and the running statistics as lines with the value of all data dashed.

import { each, h, put, svg, text } from "./dom.js";
import { linear, mark, round, show, ticks } from "./numbers.js";
import { Runs } from "./runs.js";

const MOST = 64; // squares; of more batches those around the current one
const LETTERS = 27; // of a title above a line
const [WIDTH, HEIGHT, LEFT, FOOT] = [160, 92, 36, 18];

export class Batches {
  constructor(app) {
    this.app = app;
    this.caption = h("p", { class: "help" });
    this.runs = new Runs(app);
    this.strip = h("div", { class: "strip", role: "group" });
    this.note = h("p", { class: "note" });
    this.charts = h("div", { class: "charts" });
    this.help = h("p", { class: "help" });
    this.strip.addEventListener("keydown", (event) => this.#key(event));
    const hand = h("div", {}, this.runs.el, this.strip, this.caption, this.note);
    this.el = h("div", { class: "two" }, hand, h("div", {}, this.charts, this.help));
  }

  draw(scene) {
    const { batches, running } = scene;
    const { app } = this;
    const none = !batches.running && !batches.used;
    put(this.el.closest(".panel"), "hidden", none || app.state.hide.includes("batches"));
    if (none) return;
    text(this.caption, batches.used ? app.words("batches.strip") : "");
    this.#strip(batches, scene.formula.evaluated);
    text(this.note, this.#notes(batches).join(" "));
    this.#running(scene, running);
    text(this.help, running ? app.words("running.help") : "");
  }

  #notes(batches) {
    const { app } = this;
    if (!batches.used) return [];
    const uneven = batches.last !== batches.size && batches.last > 1;
    const notes = uneven ? [app.words(batches.joined ? "batches.joined" : "batches.last", batches)] : [];
    const { length, 0: first } = this.squares;
    if (length < batches.count) {
      notes.push(app.words("batches.some", { first: first + 1, last: first + length, count: batches.count }));
    }
    return notes;
  }

  /** Arrow keys walk along the strip, which is one stop of the Tab key. */
  #key(event) {
    const { batches, formula } = this.app.scene;
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const ends = { Home: 0, End: batches.count - 1 };
    const to = by ? event.target.batch + by : ends[event.key];
    if (!(to >= 0 && to < batches.count)) return;
    event.preventDefault();
    this.#squares(batches, formula.evaluated, to);
    const square = [...this.strip.children].find(({ batch }) => batch === to);
    square.focus();
    square.click();
  }

  #strip(batches, evaluated) {
    this.#squares(batches, evaluated, batches.current);
  }

  #squares(batches, evaluated, around) {
    const shown = batches.used ? Math.min(MOST, batches.count) : 0;
    const first = Math.max(0, Math.min(around - MOST / 2, batches.count - shown));
    const squares = Array.from({ length: shown }, (_, i) => first + i);
    this.squares = squares;
    const seen = JSON.stringify([squares, batches, evaluated, around]);
    if (this.seen === seen) return; // while a point is dragged
    this.seen = seen;
    put(this.strip, "aria-label", this.app.words("batches.strip"));
    each(
      this.strip,
      squares,
      () => this.#square(),
      (square, i) => {
        const rows = i === batches.count - 1 ? batches.last : batches.size;
        square.batch = i;
        put(
          square,
          "class",
          [i < batches.seen ? "seen" : "", i === batches.current && !evaluated ? "current" : ""].join(" ").trim() ||
            null,
        );
        put(square, "aria-label", this.app.words("batches.batch", { i: i + 1, rows }));
        put(square, "title", this.app.words("batches.batch", { i: i + 1, rows }));
        put(square, "aria-pressed", `${i === batches.current}`);
        put(square, "tabindex", i === around ? 0 : -1);
      },
    );
  }

  #square() {
    const square = h("button", { type: "button" });
    square.addEventListener("click", () => {
      const row = square.batch * this.app.scene.batches.size;
      const [, channel, place] = this.app.state.selected;
      this.app.set({ selected: [this.app.scene.data.ids?.[row] ?? row, channel, place] });
    });
    return square;
  }

  #running(scene, running) {
    const lines = running
      ? running.columns.flatMap((column, i) =>
          ["mean", "var"].map((kind) => ({
            kind,
            name: scene.data.names[column],
            values: running[kind][i],
            truth: running[`true_${kind}`][i],
          })),
        )
      : [];
    const traced = JSON.stringify(lines);
    if (this.traced === traced) return;
    this.traced = traced;
    each(
      this.charts,
      lines,
      () => new Trace(this.app).el,
      (el, line) => el.trace.draw(line),
    );
  }
}

class Trace {
  constructor(app) {
    this.app = app;
    this.line = svg("path", { class: "trace" });
    this.dot = svg("circle", { class: "batch", r: 2.6 });
    this.truth = svg("line", { class: "truth", x1: LEFT, x2: WIDTH - 4 });
    this.axis = svg("g", { class: "axis" });
    this.title = svg("text", { class: "label", x: 2, y: 10 });
    this.tip = svg("title");
    const parts = [this.tip, this.axis, this.truth, this.line, this.dot, this.title];
    this.plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img" }, ...parts);
    this.el = Object.assign(h("div", {}, this.plot), { trace: this });
  }

  draw({ kind, name, values, truth }) {
    const steps = Math.max(values.length - 1, 8);
    const all = [...values, truth].filter(Number.isFinite);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const room = (high - low) * 0.08 || 1;
    const x = linear([0, steps], [LEFT, WIDTH - 6]);
    const y = linear([low - room, high + room], [HEIGHT - FOOT, 16]);
    put(this.line, "d", `M${values.map((value, i) => `${round(x(i))},${round(y(value))}`).join("L")}`);
    put(this.dot, "cx", round(x(values.length - 1)));
    put(this.dot, "cy", round(y(values.at(-1))));
    put(this.truth, "y1", round(y(truth)));
    put(this.truth, "y2", round(y(truth)));
    const marks = [
      ...ticks(low, high, 3).map((at) => [LEFT - 3, y(at) + 3, at, "end"]),
      ...ticks(0, steps, 4).map((at) => [x(at), HEIGHT - 5, at, "middle"]),
    ];
    each(
      this.axis,
      marks,
      () => svg("text", { class: "tick" }),
      (tick, [left, top, at, anchor]) => {
        put(tick, "x", round(left));
        put(tick, "y", round(top));
        put(tick, "text-anchor", anchor);
        text(tick, mark(at));
      },
    );
    const title = `${this.app.words(`running.${kind}`)}, ${name}`;
    text(this.title, title.length > LETTERS ? `${title.slice(0, LETTERS - 1)}…` : title);
    const told = { name: title, value: show(values.at(-1), 6), true: show(truth, 6) };
    put(this.plot, "aria-label", this.app.words("running.now", told));
    text(this.tip, this.app.words("running.now", told));
  }
}
