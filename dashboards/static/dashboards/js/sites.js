// Sites with how many devices are in each state, at them and the sites below.

/** @typedef {import("./socket.js").LiveSocket} LiveSocket */

/** @param {Record<string, Record<string, number>>} sites counts by site and state */
export function showSites(sites) {
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-sites]"))) {
    const slugs = (item.dataset.sites ?? "").trim().split(" ");
    for (const shown of /** @type {NodeListOf<HTMLElement>} */ (item.querySelectorAll("[data-site-count]"))) {
      const n = slugs.reduce((sum, slug) => sum + (sites[slug]?.[shown.dataset.siteCount ?? ""] ?? 0), 0);
      shown.textContent = String(n);
      if (shown.parentElement) shown.parentElement.hidden = n === 0;
    }
  }
}

/** Keep the counts of a page that shows sites and no list of devices. @param {LiveSocket} socket */
export function watchSites(socket) {
  if (!document.querySelector("[data-sites]")) return;
  socket.subscribe({ kind: "fleet" }, (frame) => {
    if (frame.t === "upd" && frame.sites) showSites(frame.sites);
  });
}
