// Moments at which a page must look at its link: the network is back, the page is seen again.

/**
 * @param {() => void} work
 * @returns {() => void} forgets it
 */
export function onWakeUp(work) {
  addEventListener("online", work);
  addEventListener("pageshow", work);
  document.addEventListener("visibilitychange", work);
  return () => {
    removeEventListener("online", work);
    removeEventListener("pageshow", work);
    document.removeEventListener("visibilitychange", work);
  };
}
