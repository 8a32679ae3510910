// The state in the address: `#norm=layer&batch_size=16`, which a person can read and edit.

const VERSION = 1;

/** What differs from the defaults. */
export function changed(state, defaults) {
  const told = {};
  for (const [name, value] of Object.entries(state)) {
    if (JSON.stringify(value) !== JSON.stringify(defaults[name])) told[name] = value;
  }
  return told;
}

export function written(state, defaults, own) {
  const told = changed(state, defaults);
  if (own) Object.assign(told, { own: own.text, own_name: own.name });
  if (own?.decimal) told.own_decimal = own.decimal;
  if (!Object.keys(told).length) return "";
  const pairs = Object.entries({ ...told, v: VERSION }).map(([name, value]) => {
    const plain = typeof value === "string" && !looksLikeJson(value) ? value : JSON.stringify(value);
    return `${encodeURIComponent(name)}=${loose(plain)}`;
  });
  return `#${pairs.join("&")}`;
}

/** Legible where an address allows it. */
function loose(value) {
  return encodeURIComponent(value).replace(/%(2C|3A|5B|5D|7B|7D|22)/g, (code) =>
    ["%22", "%7B", "%7D"].includes(code) ? code : decodeURIComponent(code),
  );
}

function looksLikeJson(value) {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

/** The settings that an address names, and a table that it carries. */
export function read(hash) {
  const given = {};
  for (const [name, value] of new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"))) {
    try {
      given[name] = JSON.parse(value);
    } catch {
      given[name] = value;
    }
  }
  const { own, own_name, own_decimal, ...state } = given;
  const about = { name: `${own_name ?? ""}`, decimal: `${own_decimal ?? ""}` };
  return { state, own: typeof own === "string" ? { text: own, ...about } : null };
}
