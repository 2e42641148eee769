// A board at any moment of the past, or played back: a slider, a time, a speed.

import { momentOf, momentText } from "./moments.js";
import { formatTime, zoneName } from "../display/format.js";
import { filled, gettext } from "../display/i18n.js";
import { readingNow } from "../display/server-clock.js";

const STEPS = 1_000;
const DAY_MS = 86_400_000;
const SPANS = 24;
const TICK_MS = 1_000;

/** @param {number} share 0 to 1 @param {number} now @param {number} reach ms @returns {number} the moment at a place of the slider */
export function momentAt(share, now, reach) {
  return now - (1 - share) * reach;
}

export class TimeTravel {
  /** @param {HTMLElement} root of the controls @param {import("./time-range.js").TimeRange} range */
  constructor(root, range) {
    this.root = root;
    this.range = range;
    const part = (/** @type {string} */ name) => /** @type {any} */ (root.querySelector(name));
    this.slider = /** @type {HTMLInputElement} */ (part("input[type=range]"));
    this.field = /** @type {HTMLInputElement} */ (part("input[type=datetime-local]"));
    this.speed = /** @type {HTMLSelectElement} */ (part("select"));
    this.play = /** @type {HTMLButtonElement} */ (part("[data-play]"));
    this.opener = /** @type {HTMLButtonElement|null} */ (document.getElementById("travel-opener"));
    this.timer = 0;
  }

  /** @returns {number} how far back the slider reaches, in ms */
  get reach() {
    return Math.max(DAY_MS, SPANS * this.range.spanMs);
  }

  /** @returns {number} the moment that is shown */
  get at() {
    return this.range.span?.[1] ?? readingNow();
  }

  connect() {
    if (!this.opener) return;
    this.opener.hidden = false;
    this.opener.addEventListener("click", () => this.open(this.root.hidden));
    this.slider.max = String(STEPS);
    this.slider.addEventListener("input", () => this.go(momentAt(Number(this.slider.value) / STEPS, readingNow(), this.reach)));
    this.field.addEventListener("change", () => {
      const at = momentOf(this.field.value);
      if (Number.isFinite(at)) this.go(at);
    });
    this.play.addEventListener("click", () => (this.timer ? this.stop() : this.start()));
    if (this.range.span) this.open(true);
  }

  /** @param {boolean} isOpen */
  open(isOpen) {
    this.root.hidden = !isOpen;
    this.opener?.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.show();
    else this.stop();
  }

  /** Show the board as it was. @param {number} at ms; now or later: live */
  go(at) {
    const now = readingNow();
    if (at >= now - TICK_MS) {
      this.stop();
      this.range.show(null);
      return;
    }
    this.range.show([Math.max(0, at - this.range.spanMs), at]);
  }

  start() {
    const [now, from] = [readingNow(), this.at];
    // From now there is nothing to play: a span before, then.
    if (from >= now - TICK_MS) this.go(now - this.range.spanMs);
    this.timer = window.setInterval(() => this.go(this.at + Number(this.speed.value) * TICK_MS), TICK_MS);
    this.tellPlaying();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.tellPlaying();
  }

  tellPlaying() {
    this.play.textContent = this.timer ? gettext("Pause") : gettext("Play");
  }

  /** Somebody chose another span, here or elsewhere. */
  show() {
    if (this.root.hidden) return;
    const at = this.at;
    if (document.activeElement !== this.field) this.field.value = momentText(at);
    this.slider.value = String(Math.round(STEPS * Math.min(1, Math.max(0, 1 - (readingNow() - at) / this.reach))));
    this.slider.setAttribute("aria-valuetext", this.range.span ? formatTime(at) : gettext("now"));
    this.field.title = filled(gettext("in %(zone)s"), { zone: zoneName() });
  }
}
