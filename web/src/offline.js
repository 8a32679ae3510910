// A page without Python: what was computed ahead lies in the page itself, and answers in Python's place.

import { Ahead } from "./ahead.js";
import explorer from "./explorer.js";
import { $, fail } from "./failing.js";
import { unpack } from "./frame.js";
import { Model } from "./model.js";

class Offline extends Model {
  #hello;
  #ahead;

  constructor({ hello, begin, ...stored }, buffers) {
    super({ host: "offline", given: { state: begin } });
    this.#hello = hello;
    this.#ahead = new Ahead(stored, buffers, hello);
  }

  send(message) {
    const [content, buffers] = this.#answer(message);
    queueMicrotask(() => this.emit("msg:custom", { ...content, seq: message.seq }, buffers));
  }

  #answer({ type, state }) {
    if (type === "hello") return [this.#hello, []];
    if (type === "scene") return this.#ahead.scene(state);
    if (type === "check") return [{ type: "checked", problems: [] }, []];
    const words = this.#hello.strings[type === "file" ? "export.offline" : "offline.absent"];
    return [{ type: "refused", words }, []];
  }
}

async function unpacked() {
  const signs = atob($("ahead").textContent);
  const bytes = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) bytes[i] = signs.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return unpack(await new Response(stream).arrayBuffer());
}

async function begin() {
  const model = new Offline(...(await unpacked()));
  $("waiting").hidden = true;
  explorer.render({ model, el: $("explorer") });
}

begin().catch(fail);
