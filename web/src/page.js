// The page that hosts the explorer: gives it a model and a place, and says in words what goes wrong.

import { Line } from "./line.js";

const $ = (id) => document.getElementById(id);

function show(id, detail) {
  const place = $(id);
  if (detail !== undefined) place.querySelector(".detail").textContent = detail;
  place.hidden = false;
}

function fail(error) {
  $("waiting").hidden = true;
  show("failed", error?.stack?.includes(error.message) ? error.stack : String(error));
}

/** Until the first answer the page itself says how it stands; then the explorer does. */
function narrate(model) {
  const answered = () => {
    for (const id of ["waiting", "lost"]) $(id).hidden = true;
    model.off("connection", connected);
    model.off("msg:custom", answered);
  };
  const connected = (open, why) => {
    $("waiting").hidden = !open;
    if (open) $("lost").hidden = true;
    else show("lost", why);
  };
  model.on("msg:custom", answered);
  model.on("connection", connected);
}

async function open() {
  const model = new Line(
    new URL("socket", location.href.replace(/^http/, "ws")),
    $("too-large").content.textContent,
  );
  narrate(model);
  const { default: explorer } = await import(new URL("explorer.js", import.meta.url));
  await explorer.render({ model, el: $("explorer") });
}

addEventListener("error", (event) => fail(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => fail(event.reason));
$("failed").querySelector("button").onclick = () => {
  $("failed").hidden = true;
};
open().catch(fail);
