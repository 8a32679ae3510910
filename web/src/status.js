// What is said: the state of things, what just happened, what went wrong.

import { h, put, text } from "./dom.js";

export class Status {
  constructor(app) {
    this.lead = h("p", { class: "lead" });
    this.status = h("p", { class: "status", role: "status" });
    this.said = h("p", { class: "said", role: "status" });
    this.notice = h("p", { class: "notice", hidden: true });
    this.error = h("div", { class: "error", role: "alert", hidden: true });
    this.problems = h("div", { class: "error", role: "alert", hidden: true });
    this.messages = h("div", { class: "messages" }, this.problems, this.error, this.notice);
    app.on("outline", ({ status, lead = "" }) => {
      text(this.status, status);
      text(this.lead, lead || app.words("lead.none"));
    });
    app.on("scene", ({ warning }) => shown(this.error, warning));
    app.on("said", (words) => text(this.said, words));
    app.on("notice", (words) => shown(this.notice, words));
    app.on("state", () => {
      shown(this.notice, "");
      shown(this.problems, "");
    });
    app.on("problems", (words) => shown(this.problems, words));
    app.on("error", (words) => shown(this.error, words));
    app.on("connection", (open) => shown(this.error, open ? "" : app.words("lost")));
  }
}

function shown(element, words) {
  put(element, "hidden", !words);
  text(element, words);
}
