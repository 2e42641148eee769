// A board that a link opened: what the server writes into it is fetched anew; in turn with others.

import { fetchPage } from "../live/fetched-page.js";

const EVERY_MS = 30_000;

/** @param {string} href @param {string} turn @returns {URL} the page's address at another turn */
export function nextPage(href, turn) {
  const url = new URL(href);
  url.searchParams.set("turn", turn);
  return url;
}

/** Put what a newer page has into this one's widgets that the server fills. @param {ParentNode} page @param {Document} news */
export function renew(page, news) {
  for (const widget of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-widget=devices], [data-widget=states]"))) {
    const newer = news.getElementById(widget.id);
    if (newer) widget.replaceChildren(...newer.childNodes);
  }
}

/** @param {HTMLElement} board */
export function startShared(board) {
  setInterval(async () => {
    const url = new URL(location.href);
    url.searchParams.set("fragment", "1");
    const news = await fetchPage(url).catch(() => null);
    const newer = news?.getElementById("board");
    if (!news || !newer) return;
    if (newer.dataset.revision !== board.dataset.revision) location.reload();
    else renew(board, news);
  }, EVERY_MS);
  const { turn, seconds } = board.dataset;
  // A page that cannot be reached is no reason to leave the one that is there.
  if (Number(seconds)) {
    setInterval(async () => {
      const url = nextPage(location.href, turn ?? "0");
      if (await fetchPage(url).catch(() => null)) location.replace(url);
    }, 1_000 * Number(seconds));
  }
}
