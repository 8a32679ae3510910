// The scenes that were computed ahead: which of them answers a wanted state, and what can be changed from there.

const kind = ({ data, norm }) => `${data} ${norm}`;
/** How far two values lie apart, from 0 to 1. */
function apart(a, b) {
  if (a === b) return 0;
  const numbers = typeof a === "number" && typeof b === "number";
  return numbers ? Math.abs(a - b) / (Math.abs(a) + Math.abs(b)) : 1;
}

/** Whether the first number in which they differ is smaller. */
function fewer(a, b) {
  const i = a.findIndex((value, j) => value !== b[j]);
  return i >= 0 && a[i] < b[i];
}

/** The settings that matter to a scene: those of its controls, each number of a pair by itself. */
function settings({ controls }) {
  return controls.flatMap(({ name, kind, value, default: start }) => {
    const one = { name, key: name, choice: kind === "choice", value, start };
    if (!Array.isArray(value)) return [one];
    return value.map((number, index) => ({
      ...one,
      key: `${name}.${index}`,
      index,
      value: number,
      start: start[index],
    }));
  });
}

/** What a state says of a setting. */
function held(state, { name, index, start }) {
  const value = state[name] ?? start;
  return index === undefined ? value : value[index];
}

export class Ahead {
  #buffers;
  #strings;
  #defaults;
  #groups;
  #varied; // of each group, the settings that differ in it
  #now = null; // the scene that is shown
  #shown; // and its state

  constructor({ names, parts, scenes }, buffers, { strings, defaults }) {
    this.#buffers = buffers;
    this.#strings = strings;
    this.#defaults = this.#shown = defaults;
    const read = (row) => names.flatMap((name, i) => (row[i] === null ? [] : [[name, parts[row[i]]]]));
    this.#groups = Map.groupBy(
      scenes.map((row) => Object.fromEntries(read(row))),
      ({ state }) => kind(state),
    );
    for (const scene of [...this.#groups.values()].flat()) scene.settings = settings(scene);
    this.#varied = new Map([...this.#groups].map(([name, group]) => [name, varied(group)]));
  }

  /** The stored scene that is wanted or nearest to it, with the state that it really shows. */
  scene(given) {
    const wanted = { ...this.#defaults, ...given };
    const found = this.#nearest(wanted);
    const offered = this.#offered(found);
    const { held: places = [], settings: mine, ...header } = found;
    const known = this.#varied.get(kind(found.state));
    const answer = {
      ...header,
      state: this.#state(wanted, found),
      controls: header.controls.flatMap((control) => offering(control, offered, known)),
      batches: { ...header.batches, most: offered.step },
      framings: offered.frames,
      note: this.#note(wanted, found, offered),
      problems: [],
    };
    this.#now = found;
    this.#shown = answer.state;
    return [answer, places.map((i) => this.#buffers[i])];
  }

  #nearest(wanted) {
    const group = this.#groups.get(kind(wanted)) ?? this.#groups.get(kind(this.#shown));
    let [best, least] = [null, null];
    for (const scene of group) {
      const rank = this.#rank(wanted, scene);
      if (!best || fewer(rank, least) || (scene === this.#now && !fewer(least, rank))) [best, least] = [scene, rank];
    }
    return best;
  }

  /** Choices first, then as few other settings as may be, then how near; last, where one looks. */
  #rank(wanted, { settings, state, batches }) {
    let [choices, others, near, far] = [0, 0, 0, 0];
    for (const setting of settings) {
      const away = apart(held(wanted, setting), setting.value);
      if (!away) continue;
      if (!this.#moved(wanted, setting)) [others, far] = [others + 1, far + away];
      else if (setting.choice) choices += 1;
      else near += away;
    }
    const steps = batches.running ? Math.abs(wanted.step - state.step) : 0;
    const [n, c, s] = state.selected.map((value, i) => apart(value, wanted.selected[i]));
    return [choices, others, near, steps, apart(wanted.frame, state.frame), Math.sign(n) + Math.sign(c), n, c, s, far];
  }

  #moved(wanted, setting) {
    return held(wanted, setting) !== held(this.#shown, setting);
  }

  /** The values that each setting alone can take from here, how many steps there are, and which axes. */
  #offered(scene) {
    const values = Object.fromEntries(scene.settings.map(({ key, value }) => [key, new Set([value])]));
    const offered = { values, step: 0, frames: [] };
    for (const other of this.#groups.get(kind(scene.state))) {
      const there = Object.fromEntries(other.settings.map(({ key, value }) => [key, value]));
      const differ = scene.settings.filter(({ key, value }) => key in there && there[key] !== value);
      if (differ.length === 1) values[differ[0].key].add(there[differ[0].key]);
      if (differ.length) continue;
      offered.step = Math.max(offered.step, other.state.step);
      if (other.state.step === scene.state.step) offered.frames.push(other.state.frame);
    }
    return offered;
  }

  /** What is shown, and what does not matter to it as it was. */
  #state(wanted, { state: stored, controls, batches }) {
    const state = { ...wanted, edits: {} };
    const names = ["data", "norm", "frame", "selected", ...controls.map(({ name }) => name)];
    for (const name of batches.running ? [...names, "step"] : names) {
      if (name in stored) state[name] = stored[name];
      else delete state[name];
    }
    return state;
  }

  #note(wanted, found, { values }) {
    const missed = found.settings.filter((setting) => held(wanted, setting) !== setting.value);
    const others = missed.filter((setting) => !this.#moved(wanted, setting));
    if (others.length) {
      const names = new Set(others.map(({ name }) => this.#strings[`control.${name}`] ?? name));
      return this.#strings["offline.near"].replace("{names}", () => [...names].join(", "));
    }
    const looked = ["selected", "step", "frame", "edits"];
    const stays =
      missed.some(({ key }) => values[key].size < 2) ||
      looked.some((name) => JSON.stringify(wanted[name]) !== JSON.stringify(this.#shown[name]));
    return found === this.#now && stays ? this.#strings["offline.absent"] : "";
  }
}

/** The keys of the settings that have several values in a group. */
function varied(group) {
  const first = new Map();
  const keys = new Set();
  for (const { key, value } of group.flatMap((scene) => scene.settings)) {
    if (first.has(key) && first.get(key) !== value) keys.add(key);
    else first.set(key, value);
  }
  return keys;
}

/** A control with the values that it can take from here; left out where these data and this row know one only. */
function offering(control, { values }, known) {
  const { name, value, options } = control;
  if (options) {
    return known.has(name) ? [{ ...control, options: options.filter((option) => values[name].has(option)) }] : [];
  }
  const sorted = (key) => (known.has(key) ? [...values[key]].sort((a, b) => a - b) : null);
  const each = Array.isArray(value) ? value.map((_, i) => sorted(`${name}.${i}`)) : sorted(name);
  return each?.some((one) => one !== null) ? [{ ...control, values: each }] : [];
}
