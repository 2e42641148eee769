// The columns of one subscription: what the page knows, in one place.

import { changeOf, chosen, convertColumns, converted, howShown } from "../display/units.js";
import { clear, emptyColumns, merge, put, trim } from "./columns.js";

/**
 * @typedef {Record<string, any>} Frame
 * @typedef {import("../display/units.js").Conversion} Conversion
 * @typedef {{ key: string, unit: string, kind: string, expire_ms?: number, decimals?: number, places?: number, shown?: Conversion, scaled?: Conversion }} Info
 * @typedef {[number, number]} Span from and to, in ms
 */

/** @typedef {import("./columns.js").Columns} Columns */

// Without another word: more than any page asks for.
const CAPACITY = 10_000;

export class Store {
  /**
   * @param {(keys: Set<string>, devices: Record<string, any>) => void} onChange
   * @param {number} capacity how many points of a series are kept at most: the newest
   */
  constructor(onChange, capacity = CAPACITY) {
    this.onChange = onChange;
    this.capacity = capacity;
    /** Whether points were dropped for want of room. */
    this.isFull = false;
    /** @type {Map<string, Columns>} */
    this.columns = new Map();
    /** @type {Record<string, Info>} */
    this.series = {};
    /** @type {Map<string, Info>} */
    this.infos = new Map();
    /** How values are shown where that is another unit than they come in. @type {Map<string, Conversion|null>} */
    this.shown = new Map();
    /** What could not be delivered, by key: lines break there. @type {Map<string, Span[]>} */
    this.gaps = new Map();
    this.binMs = 0;
    /** @type {Map<string, Columns>} */
    this.coming = new Map();
    /** What a patch that is coming replaces. @type {Record<string, [number, number][]>} */
    this.ranges = {};
    /** @type {string[]} */
    this.denied = [];
    this.problem = "";
    /** Whether the server has answered: before that, nobody knows that there is nothing. */
    this.isKnown = false;
    this.take = this.take.bind(this);
  }

  /** @param {Frame} frame ack, snap, upd, gap or err of this subscription */
  take(frame) {
    if (frame.t === "ack") this.accepted(frame);
    else if (frame.t === "snap") this.snapshot(frame);
    else if (frame.t === "upd") this.update(frame);
    else if (frame.t === "gap") this.gap(frame);
    else if (frame.t === "err") {
      this.problem = frame.msg;
      this.onChange(new Set(), {});
    }
  }

  /** @param {Frame} frame */
  accepted(frame) {
    this.series = frame.series;
    /** @type {Info[]} */
    const infos = Object.values(frame.series);
    const [before, own] = [this.shown, chosen()];
    this.shown = new Map(infos.map((info) => [info.key, howShown(info, own)]));
    // Somebody has given a series another unit: what is known is shown in it, too.
    for (const [key, columns] of this.columns) convertColumns(columns, changeOf(before.get(key) ?? null, this.howShown(key)));
    this.infos = new Map(infos.map((info) => [info.key, { ...info, unit: this.shown.get(info.key)?.unit ?? info.unit }]));
    this.gaps.clear();
    this.binMs = frame.bin_ms;
    this.isFull = false;
    this.denied = frame.denied;
    this.problem = "";
    for (const key of this.denied) this.columns.delete(key);
    this.onChange(new Set(this.denied), {});
  }

  /**
   * A snapshot is gathered part by part; then it replaces what is shown, all of it or,
   * as a patch, the ranges that it names.
   * @param {Frame} frame
   */
  snapshot(frame) {
    if (frame.part === 1) {
      this.coming = new Map();
      this.ranges = frame.ranges ?? {};
    }
    for (const [k, cols] of Object.entries(frame.cols)) {
      const key = this.series[k].key;
      const columns = this.coming.get(key) ?? emptyColumns();
      this.coming.set(key, columns);
      const none = cols.ts.map(() => null);
      const came = { ts: cols.ts, value: cols.value, min: cols.min ?? none, max: cols.max ?? none, mean: cols.mean ?? none };
      merge(columns, convertColumns(came, this.howShown(key)));
    }
    if (frame.devices) this.onChange(new Set(), frame.devices);
    if (frame.part < frame.of) return;
    this.isKnown = true;
    if (frame.mode === "full") this.columns = this.coming;
    else this.patch();
    for (const columns of this.columns.values()) this.bound(columns);
    this.onChange(new Set(Object.values(this.series).map((info) => info.key)), {});
  }

  /** Keep the newest points alone; a tenth more may wait, as taking off the front is work. @param {Columns} columns */
  bound(columns) {
    const over = columns.ts.length - this.capacity;
    if (over <= this.capacity / 10) return;
    this.isFull = true;
    for (const column of Object.values(columns)) column.splice(0, over);
  }

  /** @param {string} key @returns {Columns} what is known of a series; empty ones are put in */
  columnsOf(key) {
    const columns = this.columns.get(key) ?? emptyColumns();
    this.columns.set(key, columns);
    return columns;
  }

  /** @param {string} key @returns {import("../charts/plot-data.js").Part} what can be drawn of a series */
  part(key) {
    return { columns: this.columnsOf(key), binMs: this.binMs, gaps: this.gaps.get(key) ?? [], known: this.isKnown };
  }

  /** @param {number} start Forget what lies before, of all series. */
  trim(start) {
    for (const columns of this.columns.values()) trim(columns, start);
  }

  patch() {
    for (const [k, ranges] of Object.entries(this.ranges)) {
      const key = this.series[k].key;
      const columns = this.columnsOf(key);
      clear(columns, ranges);
      merge(columns, this.coming.get(key) ?? emptyColumns());
    }
  }

  /** @param {Frame} frame */
  update(frame) {
    /** @type {Set<string>} */
    const keys = new Set();
    for (const [k, rows] of Object.entries(frame.d ?? {})) {
      const key = this.series[k]?.key;
      if (!key) continue;
      const columns = this.columnsOf(key);
      const how = this.howShown(key);
      for (const [ts, value, min = null, max = null, , mean = null] of rows) {
        put(columns, ts, converted(value, how), converted(min, how), converted(max, how), converted(mean, how));
      }
      this.bound(columns);
      keys.add(key);
    }
    this.onChange(keys, frame.devices ?? {});
  }

  /** @param {Frame} frame */
  gap(frame) {
    const keys = frame.keys.map((/** @type {number} */ k) => this.series[k]?.key);
    for (const key of keys) this.gaps.set(key, [...(this.gaps.get(key) ?? []), [frame.from, frame.to]]);
    this.onChange(new Set(keys), {});
  }

  /** @returns {boolean} whether nothing of what was asked for may be seen */
  get isGone() {
    return this.denied.length > 0 && this.infos.size === 0;
  }

  /** @param {string} key @returns {Conversion|null} how its values are shown; null: as they come */
  howShown(key) {
    return this.shown.get(key) ?? null;
  }

  /** @param {string} key @returns {Info|undefined} with the unit that its values are shown in */
  infoOf(key) {
    return this.infos.get(key);
  }
}
