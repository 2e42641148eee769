// The status page takes its own content anew every few seconds.

import { tickAges } from "../display/server-clock.js";
import { fetchPage } from "../live/fetched-page.js";

const EVERY_MS = 3_000;

export class StatusPage {
  connect() {
    this.timer = setInterval(() => this.reload(), EVERY_MS);
  }

  disconnect() {
    clearInterval(this.timer);
  }

  async reload() {
    const root = document.getElementById("processes");
    if (!root || document.hidden) return;
    try {
      const html = await fetchPage("/status?fragment=1");
      if (!html) return;
      const open = [...root.querySelectorAll("details[open]")].map((item) => item.getAttribute("data-keep"));
      root.replaceChildren(...html.body.childNodes);
      for (const item of root.querySelectorAll("details")) item.open = open.includes(item.getAttribute("data-keep"));
      tickAges(root);
    } catch {
      // The link line says that the server cannot be reached.
    }
  }
}
