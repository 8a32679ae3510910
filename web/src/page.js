// The page that hosts the explorer: gives it a model and a place, and says in words what goes wrong.

import { $, fail, show } from "./failing.js";
import { Line } from "./line.js";

/**
 * Draw the explorer once the line is there, and again if it is lost before the first answer. Until then
 * the page itself says how it stands; afterwards the explorer does.
 */
function begin(model, loaded) {
  let attempt = 0;
  const render = async (mine) => {
    const { default: explorer } = await loaded;
    if (mine === attempt) await explorer.render({ model, el: $("explorer") });
  };
  const answered = () => {
    for (const id of ["waiting", "lost"]) $(id).hidden = true;
    model.off("connection", connected);
    model.off("msg:custom", answered);
  };
  const connected = (open, why) => {
    $("waiting").hidden = !open;
    $("lost").hidden = open;
    if (!open) return show("lost", why);
    model.off();
    model.on("connection", connected);
    model.on("msg:custom", answered);
    $("explorer").replaceChildren();
    attempt += 1;
    render(attempt).catch(fail);
  };
  model.on("connection", connected);
}

const address = new URL("socket", location.href.replace(/^http/, "ws"));
const loaded = import(new URL("explorer.js", import.meta.url));
begin(new Line(address, $("too-large").content.textContent), loaded);
