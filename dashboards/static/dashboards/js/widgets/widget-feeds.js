// What the widgets of a page read, in as few subscriptions as may be: widgets that look at the
// same stretch of time share one, and a series is sent once however many widgets show it.

import { readingNow } from "../display/server-clock.js";
import { Store } from "../live/store.js";

/** @typedef {import("../live/socket.js").LiveSocket} LiveSocket */
/** @typedef {{ keys: string[], kind: "series"|"latest", points: number }} Query */
/** @typedef {(keys: Set<string>, devices: Record<string, any>) => void} OnChange */

const RATES = { series: 10, latest: 4 };

export class Feeds {
  /** @param {LiveSocket} socket @param {number} spanMs @param {OnChange} onChange */
  constructor(socket, spanMs, onChange) {
    this.socket = socket;
    this.spanMs = spanMs;
    this.onChange = onChange;
    /** @type {Map<string, { query: Query, store: Store, id: number, asked: number }>} */
    this.feeds = new Map();
  }

  /** @param {Query} query @returns {Store} where its series will be */
  want(query) {
    const shape = query.kind === "latest" ? "latest" : `series ${query.points}`;
    const known = this.feeds.get(shape);
    if (known) {
      known.query.keys = [...new Set([...known.query.keys, ...query.keys])];
      return known.store;
    }
    const capacity = query.kind === "latest" ? 8 : 4 * query.points;
    const store = new Store(this.onChange, capacity);
    this.feeds.set(shape, { query: { ...query, keys: [...new Set(query.keys)] }, store, id: 0, asked: 0 });
    return store;
  }

  /** Subscribe to what was wanted and is not subscribed yet. */
  open() {
    for (const feed of this.feeds.values()) {
      if (feed.asked === feed.query.keys.length) continue;
      if (feed.id) this.socket.unsubscribe(feed.id);
      feed.asked = feed.query.keys.length;
      feed.id = feed.asked ? this.socket.subscribe(this.frame(feed.query), feed.store.take) : 0;
    }
  }

  /** @param {Query} query @returns {Record<string, any>} */
  frame({ kind, keys, points }) {
    const rate = { keys, rate_hz: RATES[kind] };
    return kind === "latest" ? { kind, ...rate } : { ...rate, from: -this.spanMs, points };
  }

  /** Forget what has left the live tail; where exact rows are more than anybody asked for, ask for bins. */
  refresh() {
    for (const feed of this.feeds.values()) {
      if (feed.query.kind === "latest") continue;
      feed.store.trim(readingNow() - this.spanMs);
      if (feed.store.binMs || !feed.store.isFull) continue;
      feed.store.isFull = false;
      feed.asked = 0;
    }
    this.open();
  }
}
