// The page's line to Python: a websocket that comes back by itself, as the model that anywidget's hosts give.

import { unpack } from "./frame.js";
import { Model } from "./model.js";

const FIRST_WAIT = 250; // milliseconds until the line is tried again; doubled each time
const LONGEST_WAIT = 5000;
const MOST_BYTES = 8e6; // of one message, as the server has it

/**
 * Emits what a widget's model does, "msg:custom" (content, buffers) and "change:…", and besides
 * "connection" (open, why): the line was lost, or is there again. What is sent meanwhile is dropped.
 */
export class Line extends Model {
  #address;
  #tooLarge;
  #socket = null;
  #timer = 0;
  #wait = FIRST_WAIT;

  constructor(address, tooLarge) {
    super({ host: "page" });
    this.#address = address;
    this.#tooLarge = tooLarge;
    this.#connect();
    addEventListener("online", () => this.#soon());
    document.addEventListener("visibilitychange", () => document.hidden || this.#soon());
  }

  send(content) {
    const text = JSON.stringify(content);
    if (text.length > MOST_BYTES / 3 && new TextEncoder().encode(text).length > MOST_BYTES) {
      const refused = { type: "refused", seq: content.seq ?? null, words: this.#tooLarge };
      queueMicrotask(() => this.emit("msg:custom", refused, []));
    } else if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(text);
    }
  }

  #connect() {
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.emit("connection", true, "");
    socket.onmessage = ({ data }) => {
      this.#wait = FIRST_WAIT; // an answer, and not the open socket: a full server opens it and closes it
      this.emit("msg:custom", ...unpack(data));
    };
    socket.onclose = ({ reason }) => {
      this.#timer = setTimeout(() => this.#again(), this.#wait);
      this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
      this.emit("connection", false, reason);
    };
  }

  #again() {
    this.#timer = 0;
    this.#connect();
  }

  /** A page that is looked at again does not wait any longer. */
  #soon() {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#again();
  }
}
