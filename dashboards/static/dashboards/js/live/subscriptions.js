// What a page has subscribed, and where it is in each: the cursor to come back with.

/** @typedef {import("./socket.js").Frame} Frame */

export class Subscriptions {
  constructor() {
    /** @type {Map<number, {frame: Frame, handler: (frame: Frame) => void, cursor: string|null}>} */
    this.known = new Map();
    this.nextId = 1;
  }

  /**
   * @param {Frame} frame a `sub` frame without id
   * @param {(frame: Frame) => void} handler takes ack, snap, upd, gap and err of it
   * @returns {Frame} the frame to send
   */
  add(frame, handler) {
    const made = { ...frame, t: "sub", id: this.nextId };
    this.known.set(this.nextId, { frame: made, handler, cursor: null });
    this.nextId += 1;
    return made;
  }

  /** @param {number} id @returns {boolean} whether there was one */
  remove(id) {
    return this.known.delete(id);
  }

  /** @returns {Frame[]} every subscription, to go on after what it has shown */
  wanted() {
    return [...this.known.values()].map(({ frame, cursor }) => (cursor ? { ...frame, after: cursor } : frame));
  }

  /** @param {Frame} frame */
  deliver(frame) {
    const subscription = this.known.get(frame.id);
    if (!subscription) return;
    subscription.handler(frame);
    // A snapshot that was cut off in its middle was never shown.
    // Of a room: the number of the newest note.
    for (const { seq } of frame.notes ?? []) subscription.frame.note = Math.max(subscription.frame.note ?? 0, seq);
    if (frame.cursor && (frame.part ?? 1) === (frame.of ?? 1)) subscription.cursor = frame.cursor;
  }
}
