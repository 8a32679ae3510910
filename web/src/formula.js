// The formula in symbols and in numbers, the operands of the selected element, and the code: one colour a term,
// and whatever is hovered or focused lights up everywhere it stands.

import katex from "katex";
import { each, h, put, text } from "./dom.js";

// \htmlData names the terms; all else that LaTeX could do to the page stays forbidden
const OPTIONS = {
  displayMode: true,
  throwOnError: false,
  strict: false,
  trust: ({ command }) => command === "\\htmlData",
};

export class Formula {
  constructor(app) {
    this.app = app;
    this.symbols = h("div", { class: "math", tabindex: 0, role: "group" });
    this.numbers = h("div", { class: "math", tabindex: 0, role: "group" });
    this.el = h("div", {}, this.symbols, this.numbers);
  }

  draw({ formula }) {
    put(this.symbols, "aria-label", this.app.words("panel.formula"));
    put(this.numbers, "aria-label", this.app.words("panel.point"));
    lines(this.symbols, formula.symbols);
    lines(this.numbers, formula.numbers);
  }
}

function lines(box, sources) {
  each(
    box,
    sources,
    () => h("div"),
    (line, source) => {
      if (line.source === source) return;
      line.source = source;
      katex.render(source, line, OPTIONS);
    },
  );
}

export class Operands {
  constructor(app) {
    this.app = app;
    this.title = h("caption");
    this.head = h("tr");
    this.rows = h("tbody");
    this.el = h(
      "div",
      { class: "scroll", tabindex: 0, role: "region" },
      h("table", { class: "operands" }, this.title, h("thead", {}, this.head), this.rows),
    );
  }

  draw({ formula, data, cell }) {
    const { app } = this;
    const names = formula.operands.map(({ channel }) => data.names[channel]);
    const place = data.view === "block" ? `, ${cell.slice(2).join(" × ")}` : "";
    const row = data.ids?.[cell[0]] ?? cell[0];
    text(this.title, app.words(`point.title.${data.view}`, { row, name: names.join(", ") + place }));
    put(this.el, "aria-label", app.words("panel.point"));
    each(this.head, [app.words("point.term"), ...names, ""], () => h("th", { scope: "col" }), text);
    const terms = Object.keys(formula.operands[0].shown);
    each(
      this.rows,
      terms,
      () => h("tr", {}, h("th", { scope: "row" }, h("button", { type: "button", class: "term" }))),
      (row, term) => {
        put(row, "data-term", term);
        text(row.firstChild.firstChild, term);
        const shown = [...formula.operands.map((column) => column.shown[term]), meaning(app, term, formula.evaluated)];
        while (row.childElementCount > shown.length + 1) row.lastElementChild.remove();
        shown.forEach((value, i) => {
          const box = row.children[i + 1] ?? row.appendChild(h("td"));
          put(box, "class", i < shown.length - 1 ? "number" : "meaning");
          text(box, value);
        });
      },
    );
  }
}

function meaning(app, term, evaluated) {
  const key = evaluated && ["center", "pool"].includes(term) ? `term.${term}.eval` : `term.${term}`;
  return app.strings[key] ? app.words(key) : "";
}

const TERMS = [
  [/\bout\.center\b|\brunning\b/, "center"],
  [/\bout\.scale\b/, "scale"],
  [/\bweight\b/, "weight"],
  [/\bbias\b/, "bias"],
  [/\beps\b/, "eps"],
  [/\bsigma\b/, "sigma"],
  [/\bpower\b/, "power"],
  [/\by\b/, "y"],
  [/\bx\b|\bbatch\b/, "x"],
];
const ANY = new RegExp(`(${TERMS.map(([pattern]) => pattern.source).join("|")})`);

export class Code {
  constructor(app) {
    this.app = app;
    this.code = h("code");
    this.copy = h("button", { type: "button", class: "quiet", onclick: () => this.#copy() });
    this.box = h("pre", { tabindex: 0, role: "group" }, this.code);
    this.el = h("div", { class: "codebox" }, this.copy, this.box);
  }

  draw({ code }) {
    text(this.copy, this.app.words("copy"));
    put(this.box, "aria-label", this.app.words("panel.code"));
    if (this.source === code) return;
    this.source = code;
    this.code.replaceChildren(...code.split("\n").flatMap(coloured));
  }

  async #copy() {
    await copied(this.app, this.source, "copied");
  }
}

/** A line of code with its terms marked, but for what a comment says. */
function coloured(line) {
  const [code, ...comment] = line.split("#");
  const parts = code
    .split(ANY)
    .filter(Boolean)
    .map((part) => {
      const found = TERMS.find(([pattern]) => new RegExp(`^(?:${pattern.source})$`).test(part));
      return found ? h("span", { "data-term": found[1] }, part) : part;
    });
  return [...parts, comment.length ? h("span", { class: "comment" }, `#${comment.join("#")}`) : "", "\n"];
}

export async function copied(app, content, key) {
  try {
    await navigator.clipboard.writeText(content);
    app.say(app.words(key));
  } catch {
    app.say(app.words("share.failed"));
  }
}

/** Light every place of the term that the pointer or the focus is on. */
export function linkTerms(root) {
  let lit = null;
  const light = (term) => {
    if (term === lit) return;
    lit = term;
    for (const element of root.querySelectorAll(".lit")) element.classList.remove("lit");
    if (!term) return;
    for (const element of root.querySelectorAll(`[data-term="${CSS.escape(term)}"]`)) element.classList.add("lit");
  };
  const over = (event) => light(event.target.closest?.("[data-term]")?.dataset.term ?? null);
  root.addEventListener("pointerover", over);
  root.addEventListener("focusin", over);
  root.addEventListener("pointerleave", () => light(null));
}
