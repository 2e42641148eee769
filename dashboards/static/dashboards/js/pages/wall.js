// The wall page: one large line for the worst thing. Taken anew from the server whenever counts
// change and now and then; moved by some pixels, so that nothing burns in.

import { clockTime, localTimes, now, tickAges } from "../display/server-clock.js";
import { formatTime } from "../display/format.js";
import { blindSince, linkWords } from "../display/connection-status.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {import("../live/socket.js").LiveSocket} LiveSocket */

const REFRESH_MS = 15_000;
const SHIFT_MS = 60_000;
const SHIFTS = [[0, 0], [6, 0], [6, 6], [0, 6], [-6, 6], [-6, 0], [-6, -6], [0, -6], [6, -6]];

/** @param {number} step @returns {string} where the page is moved to */
export function shiftOf(step) {
  const [x, y] = SHIFTS[step % SHIFTS.length];
  return `translate(${x}px, ${y}px)`;
}

export class Wall {
  /** @param {LiveSocket} socket */
  constructor(socket) {
    this.socket = socket;
    this.root = /** @type {HTMLElement} */ (document.getElementById("wall"));
    this.step = 0;
    this.asking = false;
    this.blind = 0;
  }

  connect() {
    this.socket.subscribe({ kind: "fleet" }, () => this.refresh());
    setInterval(() => this.refresh(), REFRESH_MS);
    setInterval(() => this.tick(), 1_000);
    setInterval(() => this.shift(), SHIFT_MS);
    localTimes(this.root);
  }

  tick() {
    const clock = document.getElementById("wall-clock");
    if (clock) clock.textContent = formatTime(Math.floor(now() / 1_000) * 1_000).slice(0, 16);
    this.look();
    // A new release has come while this screen was on.
    const build = this.socket.build;
    if (build && build !== document.body.dataset.build && this.socket.link.state === "live") location.reload();
  }

  /** Say that nothing is known while nothing can come; take the page anew when it can again. */
  look() {
    const before = this.blind;
    this.blind = blindSince(this.socket.link);
    if (this.blind) this.showBlind();
    else if (before) this.refresh();
  }

  showBlind() {
    const worst = /** @type {HTMLElement|null} */ (this.root.querySelector(".worst"));
    // Where there is no device there is nothing to know; what the server says of it stays.
    if (!worst || worst.dataset.state === "never" || (worst.dataset.state === "unknown" && !worst.querySelector("[data-why]"))) return;
    const words = linkWords(this.socket.link, Date.now()).words;
    const told = worst.querySelector("[data-why]");
    if (told) {
      if (told.textContent !== words) told.textContent = words;
      return;
    }
    worst.dataset.state = "unknown";
    const large = document.createElement("strong");
    large.textContent = filled(gettext("Not known since %(moment)s"), { moment: clockTime(this.blind) });
    const why = document.createElement("span");
    why.className = "since";
    why.dataset.why = "";
    why.textContent = words;
    worst.replaceChildren("? ", large, why);
    for (const old of this.root.querySelectorAll(".counts, .troubles, .wall-tiles")) old.classList.add("old");
  }

  shift() {
    this.step += 1;
    const main = /** @type {HTMLElement} */ (document.getElementById("content"));
    main.style.transform = shiftOf(this.step);
  }

  async refresh() {
    if (this.asking) return;
    this.asking = true;
    try {
      const answer = await fetch("?fragment=1");
      if (answer.ok && !answer.redirected) this.show(await answer.text());
    } catch {
      // The link's own line says that nothing comes.
    } finally {
      this.asking = false;
    }
  }

  /** @param {string} text */
  show(text) {
    const html = new DOMParser().parseFromString(text, "text/html");
    this.root.replaceChildren(...html.body.childNodes);
    localTimes(this.root);
    tickAges(this.root);
    if (this.blind) this.showBlind();
  }
}
