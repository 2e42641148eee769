// The device list: newest values and states of the rows on screen, counts of all.

import { fetchPage } from "../live/fetched-page.js";
import { Cells } from "../display/live-values.js";
import { localTimes, now, tickAges } from "../display/server-clock.js";
import { formatAge } from "../display/format.js";
import { paint } from "../display/animation-frame.js";
import { STATES } from "../display/connection-status.js";
import { showSites } from "../display/site-counts.js";
import { Sparklines } from "../display/sparklines.js";
import { Store } from "../live/store.js";
import { filled, gettext, ngettext } from "../display/i18n.js";

/** @typedef {import("../live/socket.js").LiveSocket} LiveSocket */

/** @param {string} state */
function countOf(state) {
  return document.querySelector(`[data-count=${state}]`);
}

export class Overview {
  /** @param {LiveSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.list = /** @type {HTMLElement} */ (document.getElementById("devices"));
    this.cells = new Cells(this.list);
    this.sparklines = new Sparklines();
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
    this.filters();
    this.choosing();
  }

  /** What is to be done with the chosen devices is asked once some are. */
  choosing() {
    const form = /** @type {HTMLFormElement|null} */ (document.getElementById("bulk"));
    if (!form) return;
    this.list.addEventListener("change", (event) => {
      const box = /** @type {HTMLInputElement} */ (event.target);
      if (box.dataset.all !== undefined) for (const one of this.boxes()) one.checked = box.checked;
      this.tellChosen(form);
    });
    const action = /** @type {HTMLSelectElement} */ (form.elements.namedItem("action"));
    const value = /** @type {HTMLInputElement} */ (form.elements.namedItem("value"));
    const lists = /** @type {Record<string, string>} */ ({ tag: "bulk-tags", untag: "bulk-tags", site: "bulk-sites", type: "bulk-types" });
    const offer = () => value.setAttribute("list", lists[action.value] ?? "");
    action.addEventListener("change", offer);
    offer();
    this.tellChosen(form);
  }

  /** @returns {HTMLInputElement[]} */
  boxes() {
    return [.../** @type {NodeListOf<HTMLInputElement>} */ (this.list.querySelectorAll("input[name=device]"))];
  }

  /** @param {HTMLFormElement} form */
  tellChosen(form) {
    const n = this.boxes().filter((box) => box.checked).length;
    form.hidden = n === 0;
    const told = form.querySelector("[data-chosen]");
    if (told) told.textContent = filled(ngettext("%(n)s device chosen", "%(n)s devices chosen", n), { n });
  }

  /** What is chosen holds at once; on a narrow screen the choices come when they are asked for. */
  filters() {
    const form = /** @type {HTMLFormElement|null} */ (document.querySelector("form[data-submits]"));
    if (!form) return;
    // Enter does for the search what choosing does for the rest.
    const button = form.querySelector(":scope > button[type=submit]");
    if (button instanceof HTMLElement) button.classList.add("unseen");
    form.addEventListener("change", (event) => event.target instanceof HTMLSelectElement && form.requestSubmit());
    const more = form.querySelector("details");
    if (more && matchMedia("(max-width: 700px)").matches && !location.search) more.open = false;
  }

  /** Subscribe to exactly the values that are on screen. */
  watchRows() {
    if (this.subscription) this.socket.unsubscribe(this.subscription);
    this.subscription = 0;
    this.cells.find();
    this.sparklines.watch(this.list);
    const { keys } = this.cells;
    if (keys.length === 0) return;
    this.store = this.makeStore();
    this.subscription = this.socket.subscribe({ kind: "latest", keys, rate_hz: 2 }, this.store.take);
  }

  draw() {
    for (const key of this.changed) this.cells.drawValue(key, this.store);
    for (const [device, state] of Object.entries(this.states)) this.cells.drawState(device, state);
    this.changed.clear();
    this.states = {};
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
      const shown = /** @type {HTMLElement|null} */ (countOf(state));
      if (!shown) continue;
      shown.textContent = String(sum[state] ?? 0);
      const item = shown.closest("li");
      if (item && state === "unknown") item.hidden = !sum[state];
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
      if (words) words.textContent = ngettext("device waits to be accepted.", "devices wait to be accepted.", n);
    }
  }

  /** Devices came or went: take the list anew from the server, in place. */
  async reload() {
    const url = new URL(location.href);
    url.searchParams.set("fragment", "1");
    const html = await fetchPage(url);
    if (!html) return;
    const chosen = new Set(this.boxes().filter((box) => box.checked).map((box) => box.value));
    this.list.replaceChildren(...html.body.childNodes);
    for (const box of this.boxes()) box.checked = chosen.has(box.value);
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
      words.textContent = filled(gettext("Packet received %(age)s."), { age: formatAge((now() - last) / 1_000) });
    }, 1_000);
  }
}
