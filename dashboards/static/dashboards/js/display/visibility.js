// Who is in view: what is not, need not be drawn. On paper everything is.

import { flush } from "./animation-frame.js";

// Drawn already when it scrolls into view.
const AHEAD = "200px";

/**
 * @param {HTMLElement} element
 * @param {() => void} onVisible when it comes into view
 * @returns {{ now: boolean, stop: () => void }} `now`: whether it is in view
 */
export function watchVisible(element, onVisible) {
  const state = { now: true, stop };
  const show = () => {
    state.now = true;
    onVisible();
  };
  const print = () => {
    show();
    // After everybody else's, and before the page is taken.
    queueMicrotask(flush);
  };
  const observer = new IntersectionObserver(
    ([entry]) => {
      if (entry.isIntersecting && !state.now) show();
      state.now = entry.isIntersecting;
    },
    { rootMargin: AHEAD },
  );
  // The observer tells anew who is in view.
  const again = () => {
    observer.unobserve(element);
    observer.observe(element);
  };
  function stop() {
    observer.disconnect();
    removeEventListener("beforeprint", print);
    removeEventListener("afterprint", again);
  }
  observer.observe(element);
  addEventListener("beforeprint", print);
  addEventListener("afterprint", again);
  return state;
}
