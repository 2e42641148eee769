// The columns of one subscription: what the page knows, in one place.

/**
 * @typedef {Record<string, any>} Frame
 * @typedef {{ ts: number[], value: any[], min: (number|null)[], max: (number|null)[] }} Columns
 * @typedef {{ key: string, unit: string, kind: string }} Info
 */

/** @returns {Columns} */
export function emptyColumns() {
  return { ts: [], value: [], min: [], max: [] };
}

/**
 * Put one point in at its time, in place of the one that is there.
 * @param {Columns} columns
 * @param {number} ts
 * @param {any} value
 * @param {number|null} min
 * @param {number|null} max
 */
export function put(columns, ts, value, min, max) {
  let at = columns.ts.length;
  while (at > 0 && columns.ts[at - 1] > ts) at -= 1;
  const there = at > 0 && columns.ts[at - 1] === ts;
  if (there) at -= 1;
  columns.ts.splice(at, there ? 1 : 0, ts);
  columns.value.splice(at, there ? 1 : 0, value);
  columns.min.splice(at, there ? 1 : 0, min);
  columns.max.splice(at, there ? 1 : 0, max);
}

/**
 * Drop what lies before `start`, but for one point, so that lines reach the edge.
 * @param {Columns} columns
 * @param {number} start
 */
export function trim(columns, start) {
  let gone = 0;
  while (gone + 1 < columns.ts.length && columns.ts[gone + 1] < start) gone += 1;
  if (gone < 64 && gone < columns.ts.length / 4) return;
  for (const column of Object.values(columns)) column.splice(0, gone);
}

export class Store {
  /** @param {(keys: Set<string>, devices: Record<string, any>) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {Map<string, Columns>} */
    this.columns = new Map();
    /** @type {Record<string, Info>} */
    this.series = {};
    this.binMs = 0;
    /** @type {Map<string, Columns>} */
    this.coming = new Map();
    /** @type {string[]} */
    this.denied = [];
    this.problem = "";
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
    this.binMs = frame.bin_ms;
    this.denied = frame.denied;
    this.problem = "";
  }

  /**
   * A full snapshot is gathered part by part and replaces what is shown at once.
   * @param {Frame} frame
   */
  snapshot(frame) {
    if (frame.part === 1) this.coming = new Map();
    for (const [k, cols] of Object.entries(frame.cols)) {
      const key = this.series[k].key;
      const columns = this.coming.get(key) ?? emptyColumns();
      this.coming.set(key, columns);
      const none = cols.ts.map(() => null);
      columns.ts.push(...cols.ts);
      columns.value.push(...cols.value);
      columns.min.push(...(cols.min ?? none));
      columns.max.push(...(cols.max ?? none));
    }
    if (frame.devices) this.onChange(new Set(), frame.devices);
    if (frame.part < frame.of) return;
    this.columns = this.coming;
    this.onChange(new Set(Object.values(this.series).map((info) => info.key)), {});
  }

  /** @param {Frame} frame */
  update(frame) {
    /** @type {Set<string>} */
    const keys = new Set();
    for (const [k, rows] of Object.entries(frame.d ?? {})) {
      const key = this.series[k]?.key;
      if (!key) continue;
      const columns = this.columns.get(key) ?? emptyColumns();
      this.columns.set(key, columns);
      for (const [ts, value, min = null, max = null] of rows) put(columns, ts, value, min, max);
      keys.add(key);
    }
    this.onChange(keys, frame.devices ?? {});
  }

  /** @param {Frame} frame */
  gap(frame) {
    for (const k of frame.keys) {
      const columns = this.columns.get(this.series[k]?.key);
      if (columns) put(columns, frame.from, null, null, null);
    }
  }
}
