// The stretch of time that all charts of a page show: the live tail, or one that somebody chose.

import { readingNow } from "../display/server-clock.js";
import { POINTS, Past, kept, moved, scaled, spanOf } from "./time-span.js";
import { dayBefore } from "./moments.js";
import { whenIdle } from "../display/idle.js";
import { formatTime } from "../display/format.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {import("./time-span.js").Span} Span */

/** What the buttons do. @type {Record<string, (span: Span) => Span>} */
const STEPS = {
  yesterday: () => dayBefore(readingNow()),
  earlier: (span) => moved(span, -0.5),
  later: (span) => moved(span, 0.5),
  closer: (span) => scaled(span, 0.5),
  wider: (span) => scaled(span, 2),
  // What is shown stays as it is.
  pause: (span) => span,
};

export class TimeRange {
  /**
   * @param {HTMLElement} root of the page, with `data-span` and the buttons
   * @param {() => string[]} keys the series that are shown
   * @param {() => void} onChange the span or what is known of it has changed
   */
  constructor(root, keys, onChange) {
    this.root = root;
    this.keys = keys;
    this.onChange = onChange;
    this.spanMs = Number(root.dataset.span);
    this.back = /** @type {HTMLButtonElement} */ (document.getElementById("back-to-live"));
    const words = /** @type {HTMLElement} */ (document.getElementById("span-words"));
    this.past = new Past((said) => (words.textContent = said), onChange);
    /** What somebody chose to look at; null is the live tail. @type {Span|null} */
    this.span = spanOf(location.search);
    this.onSpan = this.onSpan.bind(this);
  }

  connect() {
    this.back.addEventListener("click", () => this.show(null));
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("button[data-span]"))) {
      button.addEventListener("click", () => this.onSpan((span) => STEPS[button.dataset.span ?? ""]?.(span) ?? span));
      button.hidden = false;
    }
    this.back.parentElement?.addEventListener("keydown", (event) => {
      // Escape closes a menu first, and what is typed is typed.
      if (/** @type {HTMLElement} */ (event.target).closest(".menu")) return;
      if (this.span && (event.key === "Escape" || event.key === "0")) this.show(null);
    });
    const typed = /** @type {HTMLElement|null} */ (this.root.querySelector("[data-typed-span]"));
    if (typed) whenIdle(async () => (await import("./span-form.js")).listenToSpanForm(typed, this));
    if (this.span) this.show(this.span);
  }

  /** @returns {Span} what is on screen */
  get shown() {
    const end = readingNow();
    return this.span ?? [end - this.spanMs, end];
  }

  /** @param {(span: Span) => Span|null} change */
  onSpan(change) {
    const span = change(this.shown);
    this.show(span ? kept(span, readingNow()) : null);
  }

  /** Show a span on every chart, or the live tail. @param {Span|null} span */
  show(span) {
    this.span = span;
    // Who went back by it must not lose the place on the page.
    if (!span && document.activeElement === this.back) /** @type {HTMLElement|null} */ (this.root.querySelector(".ranges a"))?.focus();
    this.back.hidden = !span;
    this.back.parentElement?.toggleAttribute("data-past", span !== null);
    const shown = /** @type {HTMLElement} */ (document.getElementById("span-shown"));
    shown.textContent = span ? filled(gettext("%(from)s to %(to)s"), { from: formatTime(span[0]), to: formatTime(span[1]) }) : "";
    this.note({ from: span?.[0], to: span?.[1] });
    this.read();
    this.onChange();
  }

  /** Put what is shown into the page's address. @param {Record<string, number|string|undefined>} fields */
  note(fields) {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined || value === "") url.searchParams.delete(name);
      else url.searchParams.set(name, String(typeof value === "number" ? Math.round(value) : value));
    }
    history.replaceState(null, "", url);
  }

  /** Read the chosen span of the series that are shown now. */
  read() {
    if (this.span) this.past.ask(this.keys(), this.span, POINTS);
    else this.past.forget();
  }

  /**
   * What to draw of a series: of the past, where it has been read; until then what is known.
   * @param {string} key @param {import("../live/store.js").Store} store the live tail
   * @returns {import("./plot-data.js").Part}
   */
  part(key, store) {
    const known = store.part(key);
    const past = this.span ? this.past.found.get(key) : undefined;
    return past ? { ...past, gaps: known.gaps } : known;
  }
}
