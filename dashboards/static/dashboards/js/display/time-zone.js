// The time zone that times are shown in: the browser's, or one that somebody chose.

import { isZone, setZone, zoneName } from "./format.js";
import { gettext } from "./i18n.js";

const KEPT = "iotbridge.zone";

/**
 * @param {string} query of the page's address, which wins
 * @param {string|null} kept what was chosen before
 * @returns {string|null} null: the browser's
 */
export function zoneFor(query, kept) {
  const asked = new URLSearchParams(query).get("zone");
  return [asked, kept].find((name) => name && isZone(name)) ?? null;
}

/** Show times in the zone that was chosen, and let somebody choose another one. */
export function startZone() {
  const chosen = zoneFor(location.search, localStorage.getItem(KEPT));
  if (chosen) setZone(chosen);
  tellServer(zoneName());
  const picker = /** @type {HTMLInputElement|null} */ (document.getElementById("zone-picker"));
  if (!picker) return;
  picker.value = zoneName();
  picker.disabled = false;
  picker.addEventListener("focus", () => fill(picker.list), { once: true });
  picker.addEventListener("change", () => choose(picker));
}

/** What the server writes, and forms read, is in the same zone. @param {string} name */
function tellServer(name) {
  if (isZone(name)) document.cookie = `iotbridge_zone=${encodeURIComponent(name)}; path=/; max-age=31536000; samesite=lax`;
}

/** @param {HTMLElement|null} list */
function fill(list) {
  for (const name of ["UTC", ...Intl.supportedValuesOf("timeZone")]) {
    const option = document.createElement("option");
    option.value = name;
    list?.append(option);
  }
}

/** @param {HTMLInputElement} picker */
function choose(picker) {
  const name = picker.value.trim();
  const known = isZone(name);
  picker.setCustomValidity(known ? "" : gettext("There is no such time zone. Europe/Berlin is one, and UTC."));
  if (!picker.reportValidity()) return;
  localStorage.setItem(KEPT, name);
  tellServer(name);
  const url = new URL(location.href);
  url.searchParams.set("zone", name);
  location.assign(url);
}
