// The parts of the page around the explorer, and what it says when something in it fails.

export const $ = (id) => document.getElementById(id);

export function show(id, detail) {
  const place = $(id);
  if (detail !== undefined) place.querySelector(".detail").textContent = detail;
  place.hidden = false;
}

export function fail(error) {
  $("waiting").hidden = true;
  show("failed", error?.stack?.includes(error.message) ? error.stack : String(error));
}

addEventListener("error", (event) => fail(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => fail(event.reason));
$("failed").querySelector("button").onclick = () => {
  $("failed").hidden = true;
};
