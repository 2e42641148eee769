// Where devices are, by Leaflet, which is loaded by pages that have a map alone.

import { fillTable } from "../charts/calendar-sums.js";
import { formatTime } from "../display/format.js";
import { filled, gettext } from "../display/i18n.js";

/** @typedef {import("./widget-context.js").Place} Place */
/** @typedef {{ device: string, at: number, way: [number, number][] }} Where */

const VENDOR = new URL("../vendor/leaflet/", import.meta.url);
const CLOSE = 15;
/** @type {Promise<any>|null} */
let loading = null;

/** @returns {Promise<any>} Leaflet */
function leaflet() {
  loading ??= new Promise((resolve, reject) => {
    const [style, script] = [document.createElement("link"), document.createElement("script")];
    style.rel = "stylesheet";
    style.href = new URL("leaflet.css", VENDOR).href;
    script.src = new URL("leaflet.js", VENDOR).href;
    script.onload = () => resolve(/** @type {any} */ (globalThis).L);
    script.onerror = () => reject(new Error(gettext("The map could not be loaded.")));
    document.head.append(style, script);
  });
  return loading;
}

/**
 * @param {{ ts: number[], value: any[] }} lat @param {{ ts: number[], value: any[] }} lon
 * @returns {[number, number][]} the way of a device: where both are known
 */
export function wayOf(lat, lon) {
  /** @type {[number, number][]} */
  const way = [];
  let at = 0;
  lat.ts.forEach((ts, i) => {
    while (at + 1 < lon.ts.length && lon.ts[at + 1] <= ts) at += 1;
    const [north, east] = [lat.value[i], lon.value[at]];
    const isThere = typeof north === "number" && typeof east === "number" && Math.abs(north) <= 90 && Math.abs(east) <= 180;
    if (isThere && lon.ts[at] <= ts) way.push([north, east]);
  });
  return way;
}

/** @param {{ ts: number[], value: any[], mean?: (number|null)[] }} columns of exact rows, or of bins */
function plain({ ts, value, mean }) {
  return { ts, value: ts.map((_, i) => value[i] ?? mean?.[i]) };
}

class DeviceMap {
  /** @param {Place} place @param {any} L */
  constructor(place, L) {
    this.place = place;
    this.L = L;
    const { tiles, attribution } = place.options;
    const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(place.canvas, { zoomAnimation: moves, fadeAnimation: moves, attributionControl: Boolean(tiles) }).setView([0, 0], 1);
    if (tiles) L.tileLayer(tiles, { attribution: escaped(attribution), maxZoom: 19 }).addTo(this.map);
    this.marks = new Map();
    this.isPlaced = false;
    this.table = place.root.querySelector("[data-rows]");
    // Leaflet does not see its element grow.
    this.sizes = new ResizeObserver(() => this.map.invalidateSize());
    this.sizes.observe(place.canvas);
  }

  /** @returns {Where[]} */
  get where() {
    const { devices, latitude, longitude } = this.place.options;
    const empty = { ts: [], value: [] };
    return devices.map((/** @type {string} */ device) => {
      const lat = plain(this.place.part(`${device}/${latitude}`)?.columns ?? empty);
      const lon = plain(this.place.part(`${device}/${longitude}`)?.columns ?? empty);
      const way = wayOf(lat, lon);
      const newest = [latitude, longitude].map((name) => this.place.newest(`${device}/${name}`));
      if (!way.length && newest.every((one) => typeof one?.value === "number")) way.push([newest[0]?.value, newest[1]?.value]);
      return { device, at: newest[0]?.ts ?? 0, way };
    });
  }

  draw() {
    const found = this.where.filter(({ way }) => way.length);
    for (const one of found) this.mark(one);
    const rows = found.map(({ device, at, way }) => [device, way[way.length - 1].map((part) => part.toFixed(5)).join(", "), at ? formatTime(at) : ""]);
    fillTable(/** @type {HTMLTableElement|null} */ (this.table), [gettext("Device"), gettext("Where"), gettext("Time")], rows);
    if (this.isPlaced || !found.length) return;
    this.isPlaced = true;
    this.map.fitBounds(this.L.latLngBounds(found.flatMap(({ way }) => way)), { maxZoom: CLOSE, padding: [24, 24] });
  }

  /** @param {Where} where */
  mark({ device, way }) {
    const end = way[way.length - 1];
    const known = this.marks.get(device) ?? this.begin(device, end);
    known.mark.setLatLng(end);
    known.trail?.setLatLngs(way);
  }

  /** @param {string} device @param {[number, number]} end */
  begin(device, end) {
    const colour = getComputedStyle(this.place.canvas).getPropertyValue("--accent").trim();
    const trail = this.place.options.trail ? this.L.polyline([], { color: colour, weight: 2, interactive: false }).addTo(this.map) : null;
    const mark = this.L.circleMarker(end, { radius: 8, color: colour, fillOpacity: 0.9 }).addTo(this.map);
    const words = document.createElement("span");
    words.textContent = device;
    mark.bindTooltip(words, { permanent: this.place.options.devices.length <= 12, direction: "right" });
    const made = { mark, trail };
    this.marks.set(device, made);
    return made;
  }

  disconnect() {
    this.sizes.disconnect();
    this.map.remove();
  }
}

/** Leaflet takes it for HTML. @param {string} text */
function escaped(text) {
  const told = document.createElement("span");
  told.textContent = text;
  return told.innerHTML;
}

/** @param {Place} place */
export function mount(place) {
  /** @type {DeviceMap|null} */
  let map = null;
  let isOver = false;
  leaflet().then(
    (L) => {
      if (isOver) return;
      map = new DeviceMap(place, L);
      map.draw();
    },
    (error) => place.tell(filled(gettext("This widget cannot be shown: %(error)s"), { error: error.message })),
  );
  return {
    draw: () => map?.draw(),
    disconnect: () => {
      isOver = true;
      map?.disconnect();
    },
  };
}
