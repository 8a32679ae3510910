// A finger that rests on a point for a while, which is to a finger what the right button is to a mouse.

const LONG = 700; // milliseconds
const STILL = 8; // pixels that a resting finger may move

export class Hold {
  begin({ pointerType, clientX, clientY }, act) {
    this.end();
    if (pointerType !== "touch") return;
    this.from = [clientX, clientY];
    this.timer = setTimeout(act, LONG);
  }

  moved({ clientX, clientY }) {
    if (this.timer && Math.hypot(clientX - this.from[0], clientY - this.from[1]) > STILL) this.end();
  }

  end() {
    clearTimeout(this.timer);
    this.timer = null;
  }
}
