// Sites with how many of their devices are in each state.

/** @typedef {import("./socket.js").LiveSocket} LiveSocket */

/** @param {Record<string, Record<string, number>>} sites counts by site and state */
export function showSites(sites) {
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-site]"))) {
    for (const shown of /** @type {NodeListOf<HTMLElement>} */ (item.querySelectorAll("[data-site-count]"))) {
      const n = sites[item.dataset.site ?? ""]?.[shown.dataset.siteCount ?? ""] ?? 0;
      shown.textContent = String(n);
      if (shown.parentElement) shown.parentElement.hidden = n === 0;
    }
  }
}

/** Keep the counts of a page that shows sites and no list of devices. @param {LiveSocket} socket */
export function watchSites(socket) {
  if (!document.querySelector("[data-site]")) return;
  socket.subscribe({ kind: "fleet" }, (frame) => {
    if (frame.t === "upd" && frame.sites) showSites(frame.sites);
  });
}
