// Newest values and states as they stand on pages: `partials/value.html` and `partials/rows.html`.

import { now, showAge } from "./server-clock.js";
import { decimalsFor, formatValue } from "./format.js";
import { showState } from "./connection-status.js";
import { noteTime } from "./staleness.js";
import { trim } from "../live/columns.js";
import { gettext } from "./i18n.js";

/** @typedef {{ columns: Map<string, import("../live/columns.js").Columns>, infoOf: (key: string) => import("../live/store.js").Info|undefined }} Store */

const LONGEST = 40;

export class Cells {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Map<string, HTMLElement[]>} */
    this.values = new Map();
    /** @type {Map<string, HTMLElement[]>} */
    this.ages = new Map();
    /** @type {Map<string, HTMLElement[]>} */
    this.rows = new Map();
    this.find();
  }

  /** Take up what is on the page now. */
  find() {
    this.values = grouped(this.root, ".value[data-key]", "key");
    this.ages = grouped(this.root, "[data-age]", "age");
    this.rows = grouped(this.root, "tr[data-device], .pins [data-device]", "device");
  }

  /** @returns {string[]} the series that are on screen */
  get keys() {
    return [...this.values.keys()];
  }

  /** @param {string} key @param {Store} store of newest values */
  drawValue(key, store) {
    const columns = store.columns.get(key);
    const cells = this.values.get(key);
    if (!cells) return;
    if (!columns?.ts.length) return cells.forEach(blank);
    const last = columns.ts.length - 1;
    const [ts, words] = [columns.ts[last], formatValue(columns.value[last], decimalsFor(columns.value[last], store.infoOf(key))).slice(0, LONGEST)];
    for (const cell of cells) {
      const text = /** @type {HTMLElement} */ (cell.querySelector("b"));
      if (text.textContent !== words) text.textContent = words;
      noteTime(cell, ts, store.infoOf(key)?.expire_ms);
    }
    for (const age of this.ages.get(key) ?? []) showAge(age, ts);
    for (const row of this.rows.get(key.slice(0, key.indexOf("/"))) ?? []) {
      const seen = /** @type {HTMLElement|null} */ (row.querySelector("[data-cell=seen] > *"));
      if (seen && Number(seen.dataset.ago ?? 0) < ts && ts <= now() + 1_000) showAge(seen, ts);
    }
    trim(columns, ts);
  }

  /** @returns {Record<string, { state: string }>} how devices are, as the page has it */
  states() {
    /** @type {Record<string, { state: string }>} */
    const found = {};
    for (const [device, [row]] of this.rows) {
      const badge = /** @type {HTMLElement|null} */ (row.querySelector("[data-cell=state] .badge"));
      if (badge) found[device] = { state: badge.dataset.known ?? badge.dataset.state ?? "" };
    }
    return found;
  }

  /** @param {string} device @param {{state: string}} state */
  drawState(device, state) {
    for (const row of this.rows.get(device) ?? []) {
      showState(row.querySelector("[data-cell=state]"), state.state);
    }
  }
}

/** A value that is not there any more: deleted, marked, or not for this person. @param {HTMLElement} cell */
function blank(cell) {
  const text = /** @type {HTMLElement} */ (cell.querySelector("b"));
  text.textContent = gettext("no data yet");
  const told = /** @type {HTMLElement|null} */ (cell.querySelector(".q"));
  if (told) told.hidden = true;
  cell.dataset.q = "";
  delete cell.dataset.ts;
}

/** @param {HTMLElement} root @param {string} selector @param {string} name of the data attribute */
function grouped(root, selector, name) {
  /** @type {Map<string, HTMLElement[]>} */
  const found = new Map();
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(selector))) {
    const key = element.dataset[name] ?? "";
    found.set(key, [...(found.get(key) ?? []), element]);
  }
  return found;
}
