// How long nothing has come over a link: half-open ones tell nothing by themselves.

// So long a socket may take to open, in ms: networks that swallow packets tell nothing.
const OPENING_MS = 10_000;
// After a question the other side has so long to say anything, in ms.
const ANSWER_MS = 2_000;

export class Silence {
  constructor() {
    this.heartbeatMs = 5_000;
    this.since = Date.now();
    this.pinged = false;
  }

  /** Something has come, or a link is being made. */
  end() {
    this.since = Date.now();
    this.pinged = false;
  }

  /**
   * A link without any frame for two and a half heartbeats is asked, then given up.
   * @param {boolean} live @param {boolean} opening
   * @returns {""|"ping"|"over"} what to do
   */
  due(live, opening) {
    const silent = Date.now() - this.since;
    if (!live) return opening && silent > OPENING_MS ? "over" : "";
    const most = 2.5 * this.heartbeatMs;
    if (this.pinged) return silent > most + ANSWER_MS ? "over" : "";
    this.pinged = silent >= most;
    return this.pinged ? "ping" : "";
  }
}
