// The same frames by HTTP, every few seconds, where a network refuses WebSockets.

import { ask } from "./asking.js";

/** @typedef {import("./socket.js").Frame} Frame */

export const POLL_MS = 5_000;

/** @returns {string} what Django wants to see with a POST */
export function csrfToken() {
  const field = /** @type {HTMLInputElement|null} */ (document.querySelector("input[name=csrfmiddlewaretoken]"));
  return field?.value ?? "";
}

export class Poller {
  /**
   * @param {() => Frame[]} subs the `sub` frames to ask for now
   * @param {(frames: Frame[]) => void} onFrames
   * @param {(status: number) => void} onFailure 0: no answer
   */
  constructor(subs, onFrames, onFailure) {
    this.subs = subs;
    this.onFrames = onFrames;
    this.onFailure = onFailure;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    this.running = false;
    this.asking = false;
    /** Whether something new was wanted meanwhile. */
    this.again = false;
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.poll();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
  }

  async poll() {
    clearTimeout(this.timer);
    // What is under way asks again when it has come back.
    this.again = this.asking;
    if (this.asking) return;
    this.asking = true;
    try {
      const answer = await ask("/api/v1/live", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
        body: JSON.stringify({ subs: this.subs() }),
      });
      if (!this.running) return;
      if (answer.ok) this.onFrames((await answer.json()).frames);
      else this.onFailure(answer.status);
    } catch {
      if (this.running) this.onFailure(0);
    }
    this.asking = false;
    if (this.running) this.timer = setTimeout(() => this.poll(), this.again ? 0 : POLL_MS);
  }
}
