// While the server is away: since when nothing is known, and back as soon as it answers.

import { lastSeen } from "./installing.js";

const LOOK_MS = 4_000;

function tell() {
  const told = /** @type {HTMLElement|null} */ (document.getElementById("since"));
  const at = lastSeen();
  const time = new Date(at).toLocaleString(document.documentElement.lang);
  if (told && at) told.textContent = (told.dataset.words ?? "").replace("{time}", () => time);
}

async function look() {
  const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
}

tell();
setInterval(look, LOOK_MS);
