// A page without Python: what Python wrote into it computes in Python's place.

import { found } from "./carried.js";
import { Computed } from "./computed.js";
import explorer from "./explorer.js";
import { $, fail } from "./failing.js";
import { unpack } from "./frame.js";
import { Model } from "./model.js";
import { parsed } from "./pasted.js";

class Offline extends Model {
  #hello;
  #computed;

  constructor({ hello, begin, carried }, buffers) {
    super({ host: "offline", given: { state: begin } });
    this.#hello = hello;
    this.#computed = new Computed(found(carried, buffers), hello);
  }

  send(message) {
    const [content, buffers] = this.answer(message);
    queueMicrotask(() => this.emit("msg:custom", { ...content, seq: message.seq }, buffers));
  }

  /** What Python would answer: a header, and the bytes of its arrays. */
  answer({ type, state, ...more }) {
    if (type === "hello") return [this.#hello, []];
    if (type === "table") return [this.#table(more), []];
    if (type === "scene") {
      this.asked = state;
      return this.#computed.scene(state);
    }
    if (type === "check") return [{ type: "checked", problems: this.#computed.check(state) }, []];
    const words = this.#hello.strings[type === "file" ? "export.offline" : "offline.absent"];
    return [{ type: "refused", words }, []];
  }

  #table({ text, name, decimal }) {
    const { words } = this.#computed;
    try {
      const table = parsed(text, decimal, words);
      const [key, title] = [hashed(`${decimal}${text}`), name || words("data.pasted")];
      this.#computed.take(key, title, table);
      return { type: "table", key, name: title, columns: table.names, rows: table.rows.length, notes: table.notes };
    } catch (error) {
      if (!error.words) throw error;
      return { type: "refused", words: error.words };
    }
  }
}

/** The same for the same text. */
function hashed(text) {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

async function unpacked() {
  const signs = atob($("carried").textContent);
  const bytes = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) bytes[i] = signs.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return unpack(await new Response(stream).arrayBuffer());
}

async function begin() {
  const model = new Offline(...(await unpacked()));
  $("waiting").hidden = true;
  $("explorer").model = model; // of who asks it for numbers, as the tests do
  explorer.render({ model, el: $("explorer") });
}

begin().catch(fail);
