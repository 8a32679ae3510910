// The figure as a file that stands alone: what CSS gave is written into it.

import { h, svg } from "./dom.js";

const COPIED = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "opacity",
  "fill-opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "visibility",
  "display",
];
const DROPPED = ["class", "role", "tabindex", "aria-label", "aria-describedby", "aria-hidden", "aria-orientation"];
const GAP = 16;
const UNHELD = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu; // what XML cannot hold, and a name may

/** One SVG with the plots of both sides, their histograms below, and a line of words. */
export function figure(panels, title, background) {
  const columns = panels.map((panel) =>
    [...panel.querySelectorAll("svg.plot")].filter((plot) => plot.checkVisibility()),
  );
  const wide = 360;
  const out = svg("svg", { xmlns: "http://www.w3.org/2000/svg" });
  let tall = 0;
  columns.forEach((plots, i) => {
    let [x, y] = [i * (wide + GAP), 28];
    const [main, ...small] = plots;
    y += place(out, main, x, y, wide);
    const each = small.length ? (wide - GAP * (small.length - 1)) / small.length : 0;
    const heights = small.map((plot, j) => place(out, plot, x + j * (each + GAP), y + 6, each));
    tall = Math.max(tall, y + 6 + Math.max(0, ...heights));
  });
  const width = columns.length * (wide + GAP) - GAP;
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${tall + 8}`, width, height: tall + 8 }))
    out.setAttribute(name, value);
  const style = getComputedStyle(panels[0]);
  out.prepend(
    svg("rect", { width, height: tall + 8, fill: background }),
    svg("text", { x: 4, y: 18, "font-family": style.fontFamily, "font-size": 13, fill: style.color }, title),
  );
  return new XMLSerializer().serializeToString(out).replace(UNHELD, "\ufffd");
}

/** Put a plot into the figure, and say how tall it came out. */
function place(out, plot, x, y, width) {
  const [, , w, hgt] = plot.getAttribute("viewBox").split(" ").map(Number);
  const height = (hgt / w) * width;
  const copy = plot.cloneNode(true);
  styled(plot, copy);
  const canvas = plot.parentElement.querySelector("canvas:not([hidden])");
  if (canvas) copy.querySelector(".points, g").before(picture(canvas, w, hgt));
  for (const [name, value] of Object.entries({ x, y, width, height })) copy.setAttribute(name, value);
  out.append(copy);
  return height;
}

function picture(canvas, width, height) {
  return svg("image", { href: canvas.toDataURL(), width, height });
}

function styled(from, to) {
  const style = getComputedStyle(from);
  for (const name of COPIED) {
    const value = style.getPropertyValue(name);
    if (value && !["none", "normal", "visible", "inline", "1"].includes(value)) to.setAttribute(name, value);
    else if (["fill", "stroke"].includes(name) && value === "none") to.setAttribute(name, "none");
  }
  for (const name of DROPPED) to.removeAttribute(name);
  Array.from(from.children).forEach((child, i) => {
    styled(child, to.children[i]);
  });
}

/** The same as a PNG, twice as large so that it is sharp in print. */
export async function png(source) {
  const url = URL.createObjectURL(new Blob([source], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = h("canvas", { width: image.width * 2, height: image.height * 2 });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  } finally {
    URL.revokeObjectURL(url);
  }
}
