// How many alarms are on, on every page: the worst of them gives its colour.

import { filled, ngettext } from "../display/i18n.js";

/**
 * @typedef {{ critical: number, warning: number, info: number, unacknowledged: number }} Counts
 * @typedef {{ counts: Counts, alarms: { id: number, seq: number, device: string, state: string, severity: string, acknowledged: any, history: boolean }[], whole: boolean }} Frame
 */

/** @param {Counts} counts @returns {{ words: string, level: string }} */
export function alarmWords(counts) {
  const n = counts.critical + counts.warning + counts.info;
  const level = counts.critical ? "red" : counts.warning ? "yellow" : "";
  return { words: n ? filled(ngettext("%(n)s alarm", "%(n)s alarms", n), { n }) : "", level };
}

/** @param {import("../live/socket.js").LiveSocket} socket */
export function watchAlarms(socket) {
  const badge = document.getElementById("alarms-on");
  const text = badge?.querySelector("span");
  if (!badge || !text) return;
  socket.subscribe({ kind: "alarms" }, (frame) => {
    if (frame.t !== "upd") return;
    const { words, level } = alarmWords(frame.counts);
    badge.hidden = !words;
    badge.dataset.level = level;
    badge.dataset.quiet = String(frame.counts.unacknowledged === 0);
    if (words && text.textContent !== words) text.textContent = words;
    document.dispatchEvent(new CustomEvent("alarms", { detail: frame }));
  });
}
