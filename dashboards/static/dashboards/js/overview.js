// The device list: newest values and states of the rows on screen, counts of all.

import { localTimes, now, showAge, tickAges } from "./clock.js";
import { formatAge, formatValue } from "./format.js";
import { paint } from "./frame.js";
import { showState } from "./link.js";
import { noteTime } from "./quality.js";
import { Store } from "./store.js";

/** @typedef {import("./socket.js").LiveSocket} LiveSocket */

const STATES = ["online", "stale", "offline", "never"];

/** @param {string} state */
function countOf(state) {
  return document.querySelector(`[data-count=${state}]`);
}

/** @param {Record<string, Record<string, number>>} sites counts by site and state */
function showSites(sites) {
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-site]"))) {
    for (const shown of /** @type {NodeListOf<HTMLElement>} */ (item.querySelectorAll("[data-site-count]"))) {
      const n = sites[item.dataset.site ?? ""]?.[shown.dataset.siteCount ?? ""] ?? 0;
      shown.textContent = String(n);
      if (shown.parentElement) shown.parentElement.hidden = n === 0;
    }
  }
}

export class Overview {
  /** @param {LiveSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.list = /** @type {HTMLElement} */ (document.getElementById("devices"));
    this.subscription = 0;
    // As rendered: what came between the page and its socket must show, too.
    this.total = STATES.reduce((sum, state) => sum + Number(countOf(state)?.textContent ?? 0), 0);
    /** @type {Set<string>} */
    this.changed = new Set();
    /** @type {Record<string, any>} */
    this.states = {};
    this.draw = this.draw.bind(this);
    this.store = this.makeStore();
  }

  makeStore() {
    return new Store((keys, devices) => {
      for (const key of keys) this.changed.add(key);
      Object.assign(this.states, devices);
      paint(this.draw);
    });
  }

  connect() {
    this.socket.subscribe({ kind: "fleet" }, (frame) => this.fleet(frame));
    this.watchRows();
    this.firstLight();
  }

  /** Subscribe to exactly the values that are on screen. */
  watchRows() {
    if (this.subscription) this.socket.unsubscribe(this.subscription);
    this.subscription = 0;
    /** @type {Map<string, HTMLElement>} */
    this.cells = new Map();
    for (const cell of /** @type {NodeListOf<HTMLElement>} */ (this.list.querySelectorAll(".value[data-key]"))) {
      this.cells.set(cell.dataset.key ?? "", cell);
    }
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (this.list.querySelectorAll("tr[data-device]"))) {
      this.rows.set(row.dataset.device ?? "", row);
    }
    if (this.cells.size === 0) return;
    this.store = this.makeStore();
    const keys = [...this.cells.keys()];
    this.subscription = this.socket.subscribe({ kind: "latest", keys, rate_hz: 2 }, this.store.take);
  }

  draw() {
    for (const key of this.changed) this.drawValue(key);
    for (const [device, state] of Object.entries(this.states)) this.drawState(device, state);
    this.changed.clear();
    this.states = {};
  }

  /** @param {string} key */
  drawValue(key) {
    const columns = this.store.columns.get(key);
    const cell = this.cells?.get(key);
    if (!columns?.ts.length || !cell) return;
    const last = columns.ts.length - 1;
    const text = /** @type {HTMLElement} */ (cell.querySelector("b"));
    const words = formatValue(columns.value[last]).slice(0, 40);
    if (text.textContent !== words) text.textContent = words;
    const ts = columns.ts[last];
    noteTime(cell, ts, this.store.infoOf(key)?.expire_ms);
    const row = this.rows?.get(key.slice(0, key.indexOf("/")));
    const seen = /** @type {HTMLElement|null} */ (row?.querySelector("[data-cell=seen] > *"));
    if (seen && Number(seen.dataset.ago ?? 0) < ts && ts <= now() + 1_000) showAge(seen, ts);
    for (const [name, column] of Object.entries(columns)) {
      if (column.length > 8) columns[/** @type {"ts"} */ (name)].splice(0, column.length - 1);
    }
  }

  /** @param {string} device @param {{state: string}} state */
  drawState(device, state) {
    const row = this.rows?.get(device);
    if (!row) return;
    row.dataset.state = state.state;
    showState(row.querySelector("[data-cell=state]"), state.state);
  }

  /** @param {Record<string, any>} frame */
  fleet(frame) {
    if (frame.t !== "upd" || !frame.sites) return;
    /** @type {Record<string, number>} */
    const sum = { pending: 0 };
    for (const counts of Object.values(frame.sites)) {
      for (const [state, n] of Object.entries(counts)) sum[state] = (sum[state] ?? 0) + Number(n);
    }
    for (const state of STATES) {
      const shown = countOf(state);
      if (shown) shown.textContent = String(sum[state] ?? 0);
    }
    showSites(frame.sites);
    this.showPending(sum.pending);
    const total = STATES.reduce((all, state) => all + (sum[state] ?? 0), 0);
    const empty = document.getElementById("first-device") !== null;
    if (empty && total > 0) location.reload();
    else if (total !== this.total) this.reload();
    this.total = total;
  }

  /** @param {number} n */
  showPending(n) {
    const note = document.getElementById("pending");
    const count = document.getElementById("pending-count");
    if (note && count) {
      note.hidden = n === 0;
      count.textContent = String(n);
      const words = document.getElementById("pending-words");
      if (words) words.textContent = n === 1 ? "device waits" : "devices wait";
    }
  }

  /** Devices came or went: take the list anew from the server, in place. */
  async reload() {
    const url = new URL(location.href);
    url.searchParams.set("fragment", "1");
    const answer = await fetch(url);
    if (!answer.ok || answer.redirected) return;
    const html = new DOMParser().parseFromString(await answer.text(), "text/html");
    this.list.replaceChildren(...html.body.childNodes);
    localTimes(this.list);
    tickAges(this.list);
    this.watchRows();
  }

  /** The empty page says when the first packet of all has come. */
  firstLight() {
    const light = document.getElementById("first-light");
    const words = document.getElementById("first-words");
    if (!light || !words) return;
    setInterval(() => {
      const last = this.socket.link.ingest?.last_packet;
      if (!last) return;
      light.dataset.light = "received";
      words.textContent = `Packet received ${formatAge((now() - last) / 1_000)}.`;
    }, 1_000);
  }
}
