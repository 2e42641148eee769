// The one line that says whether what is shown is live, and why not.

import { grant } from "../live/asking.js";
import { clockTime } from "./server-clock.js";
import { formatAge } from "./format.js";
import { filled, gettext } from "./i18n.js";

/** @typedef {import("../live/socket.js").Link} Link */

const WORDS = { online: gettext("online"), stale: gettext("stale"), unknown: gettext("unknown"), offline: gettext("offline"), never: gettext("never") };
/** The states of a device. */
export const STATES = Object.keys(WORDS);
const SHAPES = { online: "●", stale: "◐", unknown: "?", offline: "■", never: "○" };

/**
 * @param {Link} link
 * @param {number} at ms by the browser's clock
 * @returns {{ live: boolean, words: string }}
 */
export function linkWords(link, at) {
  const age = formatAge((at - link.since) / 1_000);
  if (link.state === "denied" && grant()) return { live: false, words: gettext("Not live: this link shows nothing any more.") };
  if (link.state === "denied") return { live: false, words: gettext("Not live: you are logged out. Log in again to go on.") };
  if (link.state === "waiting" && link.problem) return { live: false, words: filled(gettext("Not live: %(problem)s. Trying again."), { problem: link.problem }) };
  if (link.state === "waiting") return { live: false, words: filled(gettext("Not live: the connection was lost %(age)s. Trying again."), { age }) };
  if (link.state === "connecting") return { live: false, words: gettext("Not live yet: connecting.") };
  const ingest = link.ingest?.state ?? "unknown";
  const since = link.ingest?.since ? ` ${filled(gettext("Since %(moment)s."), { moment: clockTime(link.ingest.since) })}` : "";
  if (ingest === "stopped") return { live: false, words: gettext("Not live: no ingest worker is running. Stored values are shown.") + since };
  if (ingest === "down") return { live: false, words: gettext("Not live: ingest cannot reach the broker or the database. Stored values are shown.") + since };
  if (link.state === "polling") return { live: true, words: gettext("Read anew every 5 s: this network refuses live connections.") };
  return { live: true, words: gettext("Live") };
}

/**
 * Whether what is shown has become unknown: nothing can come at present, and that is no beginning.
 * @param {Link} link
 * @returns {number} since when, in ms; 0: it is known
 */
export function blindSince(link) {
  if (link.state === "connecting") return 0;
  if (link.state === "waiting" || link.state === "denied") return link.since;
  const ingest = link.ingest?.state ?? "unknown";
  return ingest === "stopped" || ingest === "down" ? link.ingest?.since ?? link.since : 0;
}

/**
 * Show every device that was online as unknown while nothing can come, and as it was afterwards.
 * @param {ParentNode} root
 * @param {boolean} blind
 */
export function tickStates(root, blind) {
  for (const badge of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-cell=state] .badge"))) {
    const known = badge.dataset.known ?? badge.dataset.state ?? "";
    badge.dataset.known = known;
    writeState(badge, blind && known === "online" ? "unknown" : known);
  }
}

/** @param {Link} link */
export function showLink(link) {
  const bar = document.getElementById("link-state");
  const text = document.getElementById("link-words");
  if (!bar || !text) return;
  const { live, words } = linkWords(link, Date.now());
  bar.dataset.link = live ? "live" : "not-live";
  document.body.dataset.live = live ? "yes" : "no";
  document.body.dataset.blind = blindSince(link) ? "yes" : "no";
  if (text.textContent !== words) text.textContent = words;
  if (link.state === "denied" && !grant() && !bar.querySelector("a")) {
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
  if (!badge) return;
  badge.dataset.known = state;
  writeState(badge, document.body.dataset.blind === "yes" && state === "online" ? "unknown" : state);
}

/** @param {HTMLElement} badge @param {string} state */
function writeState(badge, state) {
  if (badge.dataset.state === state) return;
  badge.dataset.state = state;
  const row = /** @type {HTMLElement|null} */ (badge.closest("tr[data-state]"));
  if (row) row.dataset.state = state;
  const [shape, words] = badge.childNodes;
  shape.textContent = SHAPES[/** @type {keyof typeof SHAPES} */ (state)] ?? "○";
  words.textContent = ` ${WORDS[/** @type {keyof typeof WORDS} */ (state)] ?? state}`;
}
