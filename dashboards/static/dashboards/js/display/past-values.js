// What values were at a moment of the past: in the shape of a store of newest values.

import { ask } from "../live/asking.js";
import { converted, howShown } from "./units.js";

/** @typedef {import("../live/store.js").Info} Info */
/** @typedef {import("../live/columns.js").Columns} Columns */

const WAIT_MS = 120;

export class PastValues {
  /** @param {() => void} onData what is shown has changed */
  constructor(onData) {
    this.onData = onData;
    /** The moment, in ms; null: now. @type {number|null} */
    this.at = null;
    /** @type {Map<string, Columns>} */
    this.columns = new Map();
    /** @type {Map<string, Info>} */
    this.infos = new Map();
    /** How devices were then, by key. @type {Record<string, { state: string }>} */
    this.states = {};
    this.timer = 0;
    /** @type {AbortController|null} */
    this.asking = null;
    /** What could not be read, in words. */
    this.problem = "";
  }

  /** @param {string} key @returns {Info|undefined} */
  infoOf(key) {
    return this.infos.get(key);
  }

  /** @param {string[]} keys @param {number|null} at ms; null: values are of now again */
  show(keys, at) {
    if (at === this.at) return;
    const wasLive = this.at === null;
    this.at = at;
    clearTimeout(this.timer);
    if (at !== null) {
      this.timer = window.setTimeout(() => this.read(keys, at), WAIT_MS);
      if (!wasLive) return; // what was shown stays until the next is there
    }
    this.asking?.abort();
    this.columns = new Map();
    this.infos = new Map();
    this.states = {};
    this.problem = "";
    this.onData();
  }

  /** @param {string[]} keys @param {number} at */
  async read(keys, at) {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    const query = new URLSearchParams({ ts: String(Math.round(at)) });
    for (const key of keys) query.append("keys", key);
    try {
      const answer = await ask(`/api/v1/readings/at?${query}`, { signal: asking.signal });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.detail ?? answer.statusText);
      this.take(body.values, body.states);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.problem = error instanceof Error ? error.message : String(error);
      this.onData();
    }
  }

  /** @param {(Info & { ts: number, value: any })[]} values @param {Record<string, { state: string }>} states */
  take(values, states) {
    this.problem = "";
    this.states = states;
    this.infos = new Map(values.map((one) => [one.key, { ...one, unit: howShown(one)?.unit ?? one.unit, expire_ms: 0 }]));
    this.columns = new Map(
      values.map((one) => [one.key, { ts: [one.ts], value: [converted(one.value, howShown(one))], min: [null], max: [null], mean: [null] }]),
    );
    this.onData();
  }
}
