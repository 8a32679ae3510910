// The guided tour of the chapter: it asks what will happen before it shows it.

import { each, h, put, text } from "./dom.js";

export class Tour {
  constructor(app) {
    this.app = app;
    const button = (onclick) => h("button", { type: "button", onclick });
    this.place = h("span", { class: "place" });
    this.title = h("h2", { tabindex: -1 });
    this.words = h("p");
    this.question = h("p", { class: "question" });
    this.choices = h("div", { class: "answers", role: "group" });
    this.answer = h("p", { class: "answer", role: "status" });
    this.back = button(() => this.go(this.app.state.tour - 1));
    this.next = button(() => this.go(this.app.state.tour + 1));
    this.end = button(() => this.#end());
    const buttons = h("div", { class: "row" }, this.back, this.next, this.end);
    this.el = h(
      "section",
      { class: "tour", hidden: true },
      this.place,
      this.title,
      this.words,
      this.question,
      this.choices,
      this.answer,
      buttons,
    );
    app.on("tour", (at) => this.go(at));
    app.on("state", () => this.draw());
    app.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.el.hidden && !app.root.querySelector(".menu[open]")) this.#end();
    });
  }

  go(at) {
    const { app } = this;
    const step = app.hello.tour[at];
    if (!step) return;
    if (app.state.tour === null) this.before = app.state; // where it goes back to in the end
    this.chosen = null;
    app.begin({ ...step.state, tour: at, shown: !step.answer }, ["hide"]);
    this.title.focus({ preventScroll: true });
  }

  #end() {
    const { app, before } = this;
    this.before = null;
    if (before) app.become(before);
    else app.set({ tour: null, shown: true });
    app.tell("looked", null);
  }

  #choose(i) {
    const { app } = this;
    const at = app.state.tour;
    this.chosen = i;
    app.begin({ ...app.hello.tour[at].answer, tour: at, shown: true }, ["hide"]);
    this.next.focus({ preventScroll: true });
  }

  draw() {
    const { app } = this;
    const step = app.hello.tour[app.state.tour];
    put(this.el, "hidden", !step);
    if (!step) {
      this.shown = null;
      return;
    }
    const words = (part) => app.strings[`tour.${step.name}.${part}`] ?? "";
    put(this.el, "aria-label", app.words("tour"));
    text(this.place, app.words("tour.place", { at: app.state.tour + 1, all: app.hello.tour.length }));
    text(this.title, words("title"));
    text(this.words, words("text"));
    this.#ask(step, words);
    text(this.back, app.words("tour.back"));
    text(this.next, app.words("tour.next"));
    text(this.end, app.words("tour.end"));
    put(this.back, "disabled", app.state.tour === 0);
    put(this.next, "disabled", app.state.tour === app.hello.tour.length - 1);
    const place = `${app.state.tour} ${app.state.shown}`;
    app.root.style.setProperty("--tour", `${this.el.offsetHeight}px`);
    app.tell("looked", step.look, place !== this.shown);
    this.shown = place;
  }

  #ask(step, words) {
    const { app } = this;
    const open = step.answer && !app.state.shown;
    const choices = step.answer ? words("choices").split("|") : [];
    text(this.question, step.answer ? words("question") : "");
    put(this.choices, "aria-label", app.words("tour.predict"));
    each(
      this.choices,
      choices,
      (_, i) => h("button", { type: "button", onclick: () => this.#choose(i) }),
      (button, choice, i) => {
        text(button, choice);
        put(button, "disabled", !open);
        const chosen = this.chosen === i ? "chosen " : "";
        put(button, "class", open ? null : `${chosen}${i === step.right ? "right" : ""}`.trim() || null);
      },
    );
    const verdict =
      this.chosen == null ? "" : `${app.words(this.chosen === step.right ? "tour.right" : "tour.wrong")} `;
    text(this.answer, step.answer && app.state.shown ? verdict + words("answer") : "");
  }
}
