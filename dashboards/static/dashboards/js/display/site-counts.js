// Sites with how many devices are in each state, at them and the sites below.

import { STATES } from "./connection-status.js";

/** @typedef {import("../live/socket.js").LiveSocket} LiveSocket */

/** @param {string|undefined} text slugs split by spaces; one space for devices without a site */
function slugsOf(text) {
  return (text ?? "").trim().split(" ");
}

/** @param {Record<string, Record<string, number>>} sites counts by site and state */
export function showSites(sites) {
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-sites]"))) {
    const slugs = slugsOf(item.dataset.sites);
    for (const shown of /** @type {NodeListOf<HTMLElement>} */ (item.querySelectorAll("[data-site-count]"))) {
      const n = slugs.reduce((sum, slug) => sum + (sites[slug]?.[shown.dataset.siteCount ?? ""] ?? 0), 0);
      shown.textContent = String(n);
      if (shown.parentElement) shown.parentElement.hidden = n === 0;
    }
  }
}

/** Keep the counts of a page that shows sites and no list of devices. @param {LiveSocket} socket */
export function watchSites(socket) {
  if (!document.querySelector("[data-sites], [data-board]")) return;
  socket.subscribe({ kind: "fleet" }, (frame) => {
    if (frame.t !== "upd" || !frame.sites) return;
    showSites(frame.sites);
    noteNews(frame.sites);
  });
}

/** Say when devices came to the sites of a board, or left. @param {Record<string, Record<string, number>>} sites */
function noteNews(sites) {
  const board = document.getElementById("board");
  const note = document.getElementById("board-news");
  if (!board?.dataset.board || !note) return;
  const counts = slugsOf(board.dataset.board).flatMap((slug) => STATES.map((state) => sites[slug]?.[state] ?? 0));
  note.hidden = counts.reduce((sum, n) => sum + n, 0) === Number(board.dataset.total);
}
