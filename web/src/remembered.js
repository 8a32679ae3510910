// What was made of parts of the data before. While a point is dragged, all batches but its own stay as they were.

const SETTINGS = 4; // of so many are results kept: what is drawn, what stands beside it, their running statistics

const known = new Map(); // settings → results by place

/** A function of a place and a part, which makes anew only what has changed since these settings were last used. */
export function remembered(settings, make) {
  const held = known.get(settings) ?? [];
  known.delete(settings); // the newest are last
  known.set(settings, held);
  if (known.size > SETTINGS) known.delete(known.keys().next().value);
  return (place, part) => {
    if (!held[place] || !equal(held[place].part, part)) held[place] = { part, made: make(part) };
    return held[place].made;
  };
}

function equal({ values: a, shape }, { values: b, shape: other }) {
  if (a.length !== b.length || `${shape}` !== `${other}`) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
