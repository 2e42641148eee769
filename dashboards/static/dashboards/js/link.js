// The one line that says whether what is shown is live, and why not.

import { formatAge } from "./format.js";
import { filled, gettext } from "./words.js";

/** @typedef {import("./socket.js").Link} Link */

const WORDS = { online: gettext("online"), stale: gettext("stale"), offline: gettext("offline"), never: gettext("never") };
const SHAPES = { online: "●", stale: "◐", offline: "■", never: "○" };

/**
 * @param {Link} link
 * @param {number} now ms by the browser's clock
 * @returns {{ live: boolean, words: string }}
 */
export function linkWords(link, now) {
  const age = formatAge((now - link.since) / 1_000);
  if (link.state === "denied") return { live: false, words: gettext("Not live: you are logged out. Log in again to go on.") };
  if (link.state === "waiting" && link.problem) return { live: false, words: filled(gettext("Not live: %(problem)s. Trying again."), { problem: link.problem }) };
  if (link.state === "waiting") return { live: false, words: filled(gettext("Not live: the connection was lost %(age)s. Trying again."), { age }) };
  if (link.state === "connecting") return { live: false, words: gettext("Not live yet: connecting.") };
  const ingest = link.ingest?.state ?? "unknown";
  if (ingest === "stopped") return { live: false, words: gettext("Not live: no ingest worker is running. Stored values are shown.") };
  if (ingest === "down") return { live: false, words: gettext("Not live: ingest cannot reach the broker or the database. Stored values are shown.") };
  if (link.state === "polling") return { live: true, words: gettext("Read anew every 5 s: this network refuses live connections.") };
  return { live: true, words: gettext("Live") };
}

/** @param {Link} link */
export function showLink(link) {
  const bar = document.getElementById("link-state");
  const text = document.getElementById("link-words");
  if (!bar || !text) return;
  const { live, words } = linkWords(link, Date.now());
  bar.dataset.link = live ? "live" : "not-live";
  document.body.dataset.live = live ? "yes" : "no";
  if (text.textContent !== words) text.textContent = words;
  if (link.state === "denied" && !bar.querySelector("a")) {
    const login = document.createElement("a");
    login.href = `/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
    login.textContent = gettext("Log in");
    bar.append(login);
  }
}

/**
 * Show a device's state as shape and word.
 * @param {Element|null|undefined} cell
 * @param {string} state
 */
export function showState(cell, state) {
  const badge = /** @type {HTMLElement|null} */ (cell?.querySelector(".badge"));
  if (!badge || badge.dataset.state === state) return;
  badge.dataset.state = state;
  const [shape, words] = badge.childNodes;
  shape.textContent = SHAPES[/** @type {keyof typeof SHAPES} */ (state)] ?? "○";
  words.textContent = ` ${WORDS[/** @type {keyof typeof WORDS} */ (state)] ?? state}`;
}
