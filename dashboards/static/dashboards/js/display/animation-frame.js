// One paint per animation frame, however much has changed.

/** @type {Set<() => void>} */
const waiting = new Set();
let asked = false;

/**
 * Run `work` at the next animation frame, once; in a hidden tab soon.
 * @param {() => void} work
 */
export function paint(work) {
  waiting.add(work);
  if (asked) return;
  asked = true;
  if (document.hidden) setTimeout(run, 50);
  else requestAnimationFrame(run);
}

/** Do at once what waits for the next frame: a page that is being printed has none. */
export function flush() {
  run();
}

function run() {
  asked = false;
  const works = [...waiting];
  waiting.clear();
  for (const work of works) {
    try {
      work();
    } catch (error) {
      // One that fails must not stop the others, nor what tells the server that we drew.
      reportError(error);
    }
  }
}
