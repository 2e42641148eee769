// A span of the past that somebody chose by zooming and panning, and what was stored in it.

import { ask } from "../live/asking.js";
import { filled, gettext } from "../display/i18n.js";
import { convertColumns, howShown } from "../display/units.js";

/** @typedef {[number, number]} Span from and to, in ms */
/** @typedef {import("../live/columns.js").Columns} Columns */
/** @typedef {{ columns: Columns, binMs: number }} Part what was read of one series */

// Of each series on a page that shows one device, and of the past.
export const POINTS = 600;
export const SHORTEST_MS = 1_000;
export const LONGEST_MS = 50 * 365 * 86_400_000;
// What browsers can tell the date of.
const LATEST_MS = 8.64e15;
const WAIT_MS = 150;

/**
 * Make a span longer or shorter around a place in it.
 * @param {Span} span
 * @param {number} factor above 1 shows more
 * @param {number} at the place that stays, 0 (from) to 1 (to)
 * @returns {Span}
 */
export function scaled([from, to], factor, at = 0.5) {
  const length = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (to - from) * factor));
  const place = from + (to - from) * at;
  return [place - length * at, place + length * (1 - at)];
}

/**
 * Move a span by a share of its length.
 * @param {Span} span @param {number} share below 0 goes back in time
 * @returns {Span}
 */
export function moved([from, to], share) {
  return [from + (to - from) * share, to + (to - from) * share];
}

/**
 * Keep a span where readings can be: after 1970, and not all in the future.
 * @param {Span} span @param {number} now ms
 * @returns {Span}
 */
export function kept([from, to], now) {
  const length = to - from;
  const end = Math.min(to, now + length / 2);
  const start = Math.max(0, end - length);
  return [start, Math.max(start + SHORTEST_MS, start + length)];
}

/**
 * Read a span from a page's address; null where it names none.
 * @param {string} query @returns {Span|null}
 */
export function spanOf(query) {
  const given = new URLSearchParams(query);
  const [from, to] = [Number(given.get("from")), Number(given.get("to"))];
  return from > 0 && to >= from + SHORTEST_MS && to <= LATEST_MS && to - from <= LONGEST_MS ? [from, to] : null;
}

/** Reads spans from the API, the last one asked for alone. */
export class Past {
  /**
   * @param {(words: string) => void} tell what to say of the reading: "" when it is done
   * @param {() => void} onData
   */
  constructor(tell, onData) {
    this.tell = tell;
    this.onData = onData;
    /** @type {Map<string, Part>} what was read, by key */
    this.found = new Map();
    /** @type {AbortController|null} */
    this.asking = null;
    this.timer = 0;
  }

  /** @param {string[]} keys @param {Span} span @param {number} points */
  ask(keys, span, points) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.read(keys, span, points), WAIT_MS);
    this.tell(gettext("Loading …"));
  }

  forget() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.found = new Map();
    this.tell("");
  }

  /** @param {string[]} keys @param {Span} span @param {number} points */
  async read(keys, [from, to], points) {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    const query = new URLSearchParams({ from: String(Math.round(from)), to: String(Math.round(to)), points: String(points) });
    for (const key of keys) query.append("keys", key);
    try {
      const answer = await ask(`/api/v1/readings?${query}`, { signal: asking.signal });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.detail ?? answer.statusText);
      this.found = new Map(body.series.map((/** @type {any} */ series) => [series.key, partOf(series)]));
      this.tell("");
      this.onData();
    } catch (error) {
      if (!asking.signal.aborted) this.tell(filled(gettext("This span could not be read: %(error)s"), { error: error instanceof Error ? error.message : error }));
    }
  }
}

/** @param {any} series of the API's answer @returns {Part} */
function partOf(series) {
  const { ts, value, min, max, mean } = series;
  return { columns: convertColumns({ ts, value, min, max, mean }, howShown(series)), binMs: series.resolution_s * 1_000 };
}
