// The server's clock: ages must not depend on how the browser's is set.

import { formatAge, formatTime } from "./format.js";
import { gettext } from "./i18n.js";

let offset = 0;
let known = false;
let ahead = 0;

/**
 * @param {number} serverNow ms, from `hello`, `hb` or `pong`
 * @param {number} [aheadMs] by how much the devices' clocks are ahead of the server's
 */
export function setServerTime(serverNow, aheadMs = ahead) {
  ahead = aheadMs;
  const measured = serverNow - Date.now();
  // Frames are late, never early: the largest offset seen is the truest.
  offset = known && Math.abs(measured - offset) < 5_000 ? Math.max(offset, measured) : measured;
  known = true;
}

/** @returns {number} ms since 1970 UTC by the server's clock */
export function now() {
  return Date.now() + offset;
}

/** @returns {number} now as readings have it: by the devices' clocks, where they agree that the server's is behind */
export function readingNow() {
  return now() + ahead;
}

/** @param {number} ms @returns {string} the time of day, with its date where that is not today */
export function clockTime(ms) {
  const moment = formatTime(Math.floor(ms / 1_000) * 1_000);
  const today = formatTime(now()).slice(0, 11);
  return moment.startsWith(today) ? moment.slice(11) : moment;
}

/**
 * Set when an element's moment was, so that its age goes on counting.
 * @param {HTMLElement} element
 * @param {number|null|undefined} ms
 */
export function showAge(element, ms) {
  if (ms === null || ms === undefined) {
    delete element.dataset.ago;
    element.textContent = gettext("never");
    return;
  }
  element.dataset.ago = String(ms);
  element.textContent = ageOf(element);
}

/** @param {HTMLElement} element @returns {string} the age of its moment: of a value, by the clocks of the devices */
function ageOf(element) {
  const at = element.matches("[data-age], [data-cell=age]") ? readingNow() : now();
  return formatAge((at - Number(element.dataset.ago)) / 1_000);
}

/** Write all ages below `root` anew; called once a second. @param {ParentNode} root */
export function tickAges(root) {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-ago]"))) {
    const words = ageOf(element);
    if (element.textContent !== words) element.textContent = words;
  }
}

/** Show server-rendered UTC times in the browser's zone. @param {ParentNode} root */
export function localTimes(root) {
  for (const element of /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-at]"))) {
    const ms = Date.parse(element.dateTime);
    element.textContent = element.dataset.at === "clock" ? clockTime(ms) : formatTime(ms);
    delete element.dataset.at;
  }
}
