// Notes that name this person: a count on every page, the same in all of them.

import { filled, ngettext } from "../display/i18n.js";

/** @param {import("../live/socket.js").LiveSocket} socket */
export function watchMentions(socket) {
  const badge = document.getElementById("mentions");
  const text = badge?.querySelector("span");
  if (!badge || !text) return;
  socket.subscribe({ kind: "me" }, (frame) => {
    if (frame.t !== "upd") return;
    const n = frame.mentions.length;
    badge.hidden = n === 0;
    const words = filled(ngettext("%(n)s note names you", "%(n)s notes name you", n), { n });
    if (text.textContent !== words) text.textContent = words;
  });
}
