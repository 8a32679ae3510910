// Elements without a framework: made once, changed in place.

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else put(element, name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

/** Set an attribute if it is not so already: an untouched attribute costs no layout. */
export function put(element, name, value) {
  if (value === false || value == null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : `${value}`;
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

export function text(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** Bring a parent to hold one child per item, reusing those that are there. */
export function each(parent, items, make, change) {
  while (parent.childElementCount > items.length) parent.lastElementChild.remove();
  items.forEach((item, i) => {
    const child = parent.children[i] ?? parent.appendChild(make(item, i));
    change(child, item, i);
  });
}

let serial = 0;
export const unique = (name) => `normlab-${name}-${++serial}`;

/** Let a person save a text or a blob under a name. */
export function save(name, content, type = "text/plain") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** How a picture is used with keys and mouse: told to screen readers, and opened by who wants to read it. */
export function keys(app, id) {
  const words = h("span", { id });
  const title = h("summary");
  const say = (help) => {
    text(title, app.words("more"));
    text(words, help);
  };
  return { el: h("details", { class: "help" }, title, words), say };
}
