// What can wait until a page stands.

/** @param {() => void} go once the browser has nothing else to do, soon in any case */
export function whenIdle(go) {
  if ("requestIdleCallback" in window) requestIdleCallback(go, { timeout: 2_000 });
  else setTimeout(go, 200);
}
