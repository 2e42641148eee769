// Pages, and parts of them, as the server makes them.

/**
 * Fetch a page of ours; null where the server refuses it, or wants a login.
 * @param {string | URL} url
 */
export async function fetchPage(url) {
  const answer = await fetch(url);
  if (!answer.ok || answer.redirected) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}
