// A person's table as its text, read where there is no Python: plain rows of numbers, or words on why it is none.

const [MOST_ROWS, MOST_COLUMNS] = [10_000, 64];
const INLINE = 20_000; // numbers that are written into the script
const MISSING = /^(?:|na|n\/a|nan|null|none|[-+]?inf(?:inity)?|\.|-)$/i;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

/** Names, values by rows, and notes on what was left out. Throws { words } for what is no table. */
export function parsed(text, decimal, words) {
  const refuse = (why, told) => {
    throw refused(words("error.table", { why: words(`offline.table.${why}`, told) }));
  };
  if (!text.trim()) throw refused(words("error.empty"));
  const lines = lined(text);
  const rows = lines.map(fields(separator(lines[0], decimal)));
  const uneven = rows.findIndex((row) => row.length !== rows[0].length);
  if (uneven > 0) refuse("uneven", { row: uneven + 1, found: rows[uneven].length, wanted: rows[0].length });
  const comma = decimal ? decimal === "," : commas(rows, refuse);
  const plain = comma ? (field) => field.replace(",", ".") : (field) => field;
  const numeric = (field) => NUMBER.test(plain(field));
  const headed = !rows[0].every((field) => numeric(field) || MISSING.test(field));
  const names = unique(headed ? rows[0] : rows[0].map((_, i) => `column ${i + 1}`));
  const body = headed ? rows.slice(1) : rows;
  const right = (i) =>
    body.some((row) => numeric(row[i])) && body.every((row) => numeric(row[i]) || MISSING.test(row[i]));
  const used = names.map((_, i) => i).filter((i) => names[i] && right(i));
  if (!used.length) refuse("words");
  const read = body.map((row) => used.map((i) => (numeric(row[i]) ? Number(plain(row[i])) : Number.NaN)));
  const whole = read.filter((row) => row.every(Number.isFinite));
  if (whole.length < 2) refuse("short");
  const left = names.filter((name, i) => name && !used.includes(i));
  const notes = [
    left.length ? words("offline.table.left", { names: left.join(", ") }) : "",
    whole.length < read.length ? words("offline.table.dropped", { count: read.length - whole.length }) : "",
    whole.length > MOST_ROWS ? words("note.rows", { most: MOST_ROWS, rows: whole.length }) : "",
    used.length > MOST_COLUMNS ? words("note.columns", { most: MOST_COLUMNS, columns: used.length }) : "",
  ];
  return {
    names: used.slice(0, MOST_COLUMNS).map((i) => names[i]),
    rows: whole.slice(0, MOST_ROWS).map((row) => row.slice(0, MOST_COLUMNS)),
    notes: notes.filter(Boolean),
  };
}

/** Lines without comments and blank ones; what is in quotes may hold a line break. */
function lined(text) {
  const found = [];
  let open = "";
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (!open && (!line.trim() || line.startsWith("#"))) continue;
    const whole = open ? `${open}\n${line}` : line;
    const closed = whole.split('"').length % 2;
    if (closed) found.push(whole);
    open = closed ? "" : whole;
  }
  return open ? [...found, ...open.split("\n")] : found; // a quote that is never closed is none
}

const refused = (words) => Object.assign(new Error(words), { words });

function separator(line, decimal) {
  const found = ["\t", ";", ...(decimal === "," ? [] : [","])].find((sign) => line.includes(sign));
  return found ?? /\s+/;
}

/** A line's fields; what is in quotes is one of them. */
function fields(sign) {
  return (line) => {
    const held = [];
    const hidden = line
      .trim()
      .replace(/"((?:[^"]|"")*)"/g, (_, inner) => `\0${held.push(inner.replaceAll('""', '"')) - 1}\0`);
    return hidden.split(sign).map((field) => field.replace(/\0(\d+)\0/g, (_, i) => held[i]).trim());
  };
}

/** Whether commas are decimal signs; three digits behind each may as well be thousands. */
function commas(rows, refuse) {
  const found = rows.flat().filter((field) => /^[-+]?\d+,\d+$/.test(field));
  if (!found.length) return false;
  if (found.every((field) => /^[-+]?[1-9]\d{0,2},\d{3}$/.test(field))) refuse("commas");
  return true;
}

function unique(names) {
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length;
    return name && before ? `${name} (${before + 1})` : name;
  });
}

const NAMED = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const UNSEEN = /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu; // but for joiners of letters and of emoji

/** One line of what can be seen; the rest is named, as Python does. */
function printable(text) {
  return text.replace(UNSEEN, (sign) => {
    const code = sign.codePointAt(0).toString(16);
    const [letter, digits] = code.length > 4 ? ["U", 8] : code.length > 2 ? ["u", 4] : ["x", 2];
    return NAMED[sign] ?? `\\${letter}${code.padStart(digits, "0")}`;
  });
}

/** The lines of Python that make it. */
export function lines({ names, rows }, title, float) {
  if (rows.length * names.length > INLINE) {
    const read = `normlab.data.read_table(${JSON.stringify(title)}, drop_missing=True)`;
    return [`x = ${read}.values.double()[:${rows.length}, :${names.length}]`];
  }
  const told = rows.map((row) => `    [${row.map(float).join(", ")}],`);
  return [`# ${printable(names.join(", "))}`, "x = torch.tensor([", ...told, "], dtype=torch.float64)"];
}
