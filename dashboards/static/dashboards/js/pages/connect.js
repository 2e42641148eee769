// While the broker is listened to, the page takes what was found anew.

import { tickAges } from "../display/server-clock.js";
import { fetchPage } from "../live/fetched-page.js";

const EVERY_MS = 1_000;

export class ConnectPage {
  connect() {
    this.timer = setInterval(() => this.reload(), EVERY_MS);
  }

  disconnect() {
    clearInterval(this.timer);
  }

  async reload() {
    const root = document.getElementById("proposals");
    if (!root || root.dataset.open !== "1" || document.hidden) return;
    try {
      const html = await fetchPage("/connect?fragment=1");
      if (!html) return;
      if (!html.querySelector("[data-busy]")) root.dataset.open = "";
      root.replaceChildren(...html.body.childNodes);
      tickAges(root);
    } catch {
      // The link line says that the server cannot be reached.
    }
  }
}
