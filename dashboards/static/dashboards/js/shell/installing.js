// On a home screen: the worker that says when the server is away, and whether this can be installed.

import { gettext } from "../display/i18n.js";

const SEEN = "iotbridge.seen";
const NOTE_MS = 5_000;

/** @returns {number} when a page was live last, in ms; 0: it is not known */
export function lastSeen() {
  return Number(localStorage.getItem(SEEN) ?? 0);
}

/** @param {{ isSecure: boolean, isInstalled: boolean, canPrompt: boolean }} about @returns {string} how it is installed, or why not */
export function installWords({ isSecure, isInstalled, canPrompt }) {
  if (isInstalled) return gettext("It is installed on this device.");
  if (!isSecure) return gettext("Browsers install pages that came by HTTPS, or from this very machine (localhost). Ask whoever runs this server for HTTPS.");
  if (canPrompt) return gettext("It opens in a window of its own, from the home screen or the desktop.");
  return gettext("Choose “Install” or “Add to home screen” in the menu of your browser.");
}

/** @param {import("../live/socket.js").LiveSocket} socket */
export function startInstalling(socket) {
  setInterval(() => socket.link.state === "live" && localStorage.setItem(SEEN, String(Date.now())), NOTE_MS);
  // Where pages are not secure there is no such thing.
  navigator.serviceWorker?.register("/service-worker.js").catch((error) => console.warn("No page for when the server is away.", error));
  offer();
}

/** Offer it on the page of a person's settings. */
function offer() {
  const root = document.getElementById("install");
  const told = root?.querySelector("p");
  const button = root?.querySelector("button");
  if (!root || !told || !button) return;
  /** @type {any} */
  let prompt = null;
  const tell = () => {
    const isInstalled = matchMedia("(display-mode: standalone)").matches;
    told.textContent = installWords({ isSecure: isSecureContext, isInstalled, canPrompt: prompt !== null });
    button.hidden = prompt === null || isInstalled;
  };
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    prompt = event;
    tell();
  });
  addEventListener("appinstalled", () => {
    prompt = null;
    tell();
  });
  button.addEventListener("click", () => prompt?.prompt());
  root.hidden = false;
  tell();
}
