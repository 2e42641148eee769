// The status page takes its own content anew every few seconds.

import { tickAges } from "../display/server-clock.js";

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
      const answer = await fetch("/status?fragment=1");
      if (!answer.ok || answer.redirected) return;
      const html = new DOMParser().parseFromString(await answer.text(), "text/html");
      const open = [...root.querySelectorAll("details[open]")].map((item) => item.getAttribute("data-keep"));
      root.replaceChildren(...html.body.childNodes);
      for (const item of root.querySelectorAll("details")) item.open = open.includes(item.getAttribute("data-keep"));
      tickAges(root);
    } catch {
      // The link line says that the server cannot be reached.
    }
  }
}
