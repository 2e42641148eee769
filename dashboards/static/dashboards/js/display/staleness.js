// Whether a value that is shown still holds: told by words and form beside it, not by colour.

import { readingNow } from "./server-clock.js";
import { gettext } from "./i18n.js";

/** What people read. @type {Record<string, string>} */
const WORDS = { "": "", stale: gettext("stale"), "not live": gettext("not live") };

/**
 * @param {number} ts when it was read, in ms
 * @param {number} expireMs after how long without a reading it is stale; 0: never
 * @param {number} at the server's time
 * @param {boolean} live whether newer ones would come
 * @returns {string} "" where it holds
 */
export function qualityOf(ts, expireMs, at, live) {
  if (!live) return "not live";
  return expireMs > 0 && at - ts > expireMs ? "stale" : "";
}

/**
 * Note when a shown value was read and when it will be stale.
 * @param {HTMLElement} element
 * @param {number} ts
 * @param {number|undefined} expireMs undefined: as it was
 */
export function noteTime(element, ts, expireMs) {
  element.dataset.ts = String(ts);
  if (expireMs !== undefined) element.dataset.expire = String(expireMs);
}

/**
 * Mark every value below `root` that has a time; called once a second and when the link changes.
 * @param {ParentNode} root
 */
export function tickQuality(root) {
  const live = document.body.dataset.live === "yes";
  const at = readingNow();
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-ts]"))) {
    const words = qualityOf(Number(element.dataset.ts), Number(element.dataset.expire ?? 0), at, live);
    if (element.dataset.q === words) continue;
    element.dataset.q = words;
    const told = /** @type {HTMLElement|null} */ (element.querySelector(".q"));
    if (!told) continue;
    told.textContent = WORDS[words];
    told.hidden = words === "";
  }
}
