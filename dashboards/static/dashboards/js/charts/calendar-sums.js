// What hours, days, weeks and months came to, as the API tells it, in the zone of the page.

import { ask } from "../live/asking.js";
import { converted } from "../display/units.js";
import { now } from "../display/server-clock.js";
import { zoneName } from "../display/format.js";

/** @typedef {import("../widgets/widget-context.js").Place} Place */
/** @typedef {"increase"|"mean"|"min"|"max"} Of */
/** @typedef {{ start: number, end: number, value: number|null }} Sum times in ms */

const DAY_MS = 86_400_000;
/** The longest that each can be, in ms. @type {Record<string, number>} */
const LENGTH = { hour: 3_600_000, day: DAY_MS + 3_600_000, week: 7 * DAY_MS + 3_600_000, month: 31 * DAY_MS + 3_600_000 };
// Sums are asked for again at most so often, and after a failure.
const AGAIN_MS = 60_000;

/**
 * Keeps the newest `count` sums of one series.
 */
export class CalendarSums {
  /** @param {Place} place @param {{ bucket: string, of: Of, count: number }} options @param {() => void} onChange */
  constructor(place, options, onChange) {
    this.place = place;
    this.options = options;
    this.onChange = onChange;
    /** @type {Sum[]} */
    this.sums = [];
    this.asked = -Infinity;
    /** The moment of the past that was asked for; null: now. @type {number|null} */
    this.moment = null;
  }

  /** @returns {number} the moment that is shown, in ms: now, or of the past */
  get end() {
    return this.place.board.past.at ?? now();
  }

  /** Ask for what is not known yet; not more often than makes sense. */
  refresh() {
    const moment = this.place.board.past.at;
    if (moment === this.moment && now() - this.asked < AGAIN_MS) return;
    this.moment = moment;
    this.asked = now();
    this.ask().then(this.onChange, (error) => this.place.tell(error instanceof Error ? error.message : String(error)));
  }

  async ask() {
    const { bucket, count } = this.options;
    const key = this.place.options.key;
    const query = new URLSearchParams({ keys: key, bucket, zone: zoneName(), from: String(Math.round(this.end - count * LENGTH[bucket])), to: String(Math.round(this.end)) });
    const answer = await ask(`/api/v1/aggregates?${query}`);
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail);
    const [series] = body.series;
    this.place.tell("");
    const values = series ? series[this.options.of] : [];
    /** @type {Sum[]} */
    const sums = body.start.map((/** @type {number} */ start, /** @type {number} */ n) => ({ start, end: body.end[n], value: this.shown(values[n]) }));
    this.sums = sums.slice(-count);
  }

  /** @param {number|null|undefined} value @returns {number|null} in the unit that is shown */
  shown(value) {
    if (value === null || value === undefined) return null;
    const how = this.place.store.howShown(this.place.options.key);
    // A difference has no offset: 10 °C more are 18 °F more.
    const of = this.options.of === "increase" && how ? { ...how, offset: 0 } : how;
    return Number(converted(value, of));
  }
}

/** @param {HTMLTableElement|null} table @param {string[]} head @param {string[][]} rows */
export function fillTable(table, head, rows) {
  if (!table) return;
  const first = document.createElement("tr");
  for (const words of head) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = words;
    first.append(cell);
  }
  table.createTHead().replaceChildren(first);
  const body = table.tBodies[0] ?? table.createTBody();
  body.replaceChildren(
    ...rows.map((cells) => {
      const row = document.createElement("tr");
      for (const words of cells) row.insertCell().textContent = words;
      return row;
    }),
  );
}
