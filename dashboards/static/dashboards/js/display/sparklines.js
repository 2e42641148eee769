// The last 24 hours beside each value of a list: read for the rows that are on screen.

import { ask } from "../live/asking.js";
import { sparkIn, sparkPath } from "../charts/spark-path.js";

const DAY_MS = 86_400_000;
const POINTS = 72;
// Series asked for together; and how long what was read is shown.
const TOGETHER = 40;
const FRESH_MS = 300_000;

export class Sparklines {
  constructor() {
    /** @type {Map<string, HTMLElement>} */
    this.waiting = new Map();
    this.timer = 0;
    this.observer = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: "200px" });
    setInterval(() => this.watch(document), FRESH_MS);
  }

  /** Take up the places there are now. @param {ParentNode} root */
  watch(root) {
    this.observer.disconnect();
    for (const place of root.querySelectorAll("[data-spark]")) this.observer.observe(place);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  seen(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !(target instanceof HTMLElement)) continue;
      this.observer.unobserve(target);
      this.waiting.set(target.dataset.spark ?? "", target);
    }
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.read(), 50);
  }

  async read() {
    const asked = [...this.waiting.entries()];
    this.waiting.clear();
    for (let at = 0; at < asked.length; at += TOGETHER) await this.draw(new Map(asked.slice(at, at + TOGETHER)));
  }

  /** @param {Map<string, HTMLElement>} places */
  async draw(places) {
    const to = Date.now();
    const query = new URLSearchParams({ from: String(to - DAY_MS), to: String(to), points: String(POINTS) });
    for (const key of places.keys()) query.append("keys", key);
    try {
      const answer = await ask(`/api/v1/readings?${query}`);
      if (!answer.ok) return;
      for (const series of (await answer.json()).series) {
        const place = places.get(series.key);
        if (!place) continue;
        const value = series.resolution_s ? series.mean : series.value;
        const path = place.querySelector("path") ?? sparkIn(place);
        path.setAttribute("d", sparkPath({ ts: series.ts, value }, [to - DAY_MS, to]));
      }
    } catch {
      // The values beside them are what counts; the next turn tries again.
    }
  }
}
