// Asking the API: as whoever is logged in, or, on a board that a link opened, by its grant.

/** @returns {string} what a page that a link opened has to show; "" on every other page */
export function grant() {
  return globalThis.document?.body?.dataset.grant ?? "";
}

/** @param {string} url @param {RequestInit} [options] @returns {Promise<Response>} as `fetch` */
export function ask(url, options = {}) {
  const shown = grant();
  return fetch(url, shown ? { ...options, headers: { ...options.headers, Authorization: `Bearer ${shown}` } } : options);
}
