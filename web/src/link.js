// Talking to Python: one scene is asked for at a time, and the newest state wins.

import { numbers } from "./carried.js";

/**
 * `ask(message)` gives a promise of {content, buffers}. `want(state)` asks for a scene; while one is
 * under way, later states wait, and only the last of them is asked for. `onTalk` hears whether an answer is
 * still waited for.
 */
export function link(model, onScene, onFailure, onTalk = () => {}) {
  const waiting = new Map();
  let seq = 0;
  let busy = 0;
  let next = null;

  const heard = (content, buffers) => {
    const resolve = waiting.get(content?.seq);
    if (!resolve) return;
    waiting.delete(content.seq);
    onTalk(waiting.size > 0);
    resolve({ content, buffers: buffers ?? [] });
  };
  model.on("msg:custom", heard);

  function ask(message) {
    seq += 1;
    const sent = { ...message, seq };
    return new Promise((resolve) => {
      waiting.set(sent.seq, resolve);
      onTalk(true);
      model.send(sent);
    });
  }

  async function want(state) {
    next = state;
    if (busy) return;
    while (next) {
      const asked = next;
      next = null;
      const mine = ++busy;
      const reply = await ask({ type: "scene", state: asked });
      if (mine !== busy) return; // the connection was lost meanwhile
      try {
        onScene(reply, next === null);
      } catch (error) {
        onFailure(error); // a defect of one picture must not end the conversation
      }
    }
    busy = 0;
  }

  /** Forget what was asked: no answer will come any more. */
  function drop() {
    waiting.clear();
    next = null;
    busy = 0;
  }

  return { ask, want, drop, close: () => model.off?.("msg:custom", heard), waiting: () => busy > 0 };
}

/** The arrays of a scene by name, each with its shape. */
export function unpack(content, buffers) {
  const told = content.arrays ?? [];
  return Object.fromEntries(
    told.map(({ name, shape, bytes }, i) => [name, Object.assign(numbers(buffers[i], bytes), { shape })]),
  );
}
