// From when to when: two moments that somebody types.

import { momentOf, momentText } from "./moments.js";
import { zoneName } from "../display/format.js";
import { filled, gettext } from "../display/i18n.js";
import { closeMenu, listenToButton } from "../shell/side-bar.js";

/** @typedef {import("./time-span.js").Span} Span */

/** @param {string} from @param {string} to as typed @returns {Span|null} null: they are no span */
export function typedSpan(from, to) {
  const span = /** @type {Span} */ ([momentOf(from), momentOf(to)]);
  return span.every(Number.isFinite) && span[0] < span[1] ? span : null;
}

/** @param {HTMLElement} menu with the two fields @param {import("./time-range.js").TimeRange} range */
export function listenToSpanForm(menu, range) {
  const [from, to] = /** @type {HTMLInputElement[]} */ ([...menu.querySelectorAll("input")]);
  const problem = /** @type {HTMLElement} */ (menu.querySelector("[role=alert]"));
  menu.hidden = false;
  listenToButton(menu);
  menu.firstElementChild?.addEventListener("click", () => {
    [from.value, to.value] = range.shown.map(momentText);
    for (const field of [from, to]) field.title = filled(gettext("in %(zone)s"), { zone: zoneName() });
    problem.hidden = true;
    if (!(/** @type {HTMLElement} */ (menu.lastElementChild).hidden)) from.focus();
  });
  const show = () => {
    const span = typedSpan(from.value, to.value);
    problem.hidden = span !== null;
    if (!span) return;
    range.onSpan(() => span);
    closeMenu(menu);
    /** @type {HTMLElement} */ (menu.firstElementChild).focus();
  };
  menu.querySelector("[data-show]")?.addEventListener("click", show);
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) show();
  });
}
