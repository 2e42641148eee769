// The module of a page, which the server may be too busy, or away, to give at once.

const AGAIN_MS = 1_000;
// A page that is as old as that, and is refused its module by a server that answers, is loaded anew.
const OLD_MS = 10_000;

/**
 * @template T
 * @param {() => Promise<T>} load
 * @param {() => boolean} isLive whether the server answers
 * @param {{ wait: (ms: number) => Promise<void>, age: () => number, reload: () => void }} [page]
 * @returns {Promise<T>} what `load` gives in the end: until then the page shows what it had, and nothing new
 */
export async function loaded(load, isLive, page = PAGE) {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      console.warn("The page's module does not come; it is asked for again.", error);
      await page.wait(AGAIN_MS);
      // Some browsers keep for good that it failed; and a new release has it elsewhere.
      if (isLive() && page.age() > OLD_MS) page.reload();
    }
  }
}

const PAGE = {
  wait: (/** @type {number} */ ms) => /** @type {Promise<void>} */ (new Promise((done) => setTimeout(done, ms))),
  age: () => performance.now(),
  reload: () => location.reload(),
};
