// The grid that widgets are dragged on and resized in: gridstack, and the same by keyboard.

import { filled, gettext } from "../display/i18n.js";

/** @typedef {{ x: number, y: number, w: number, h: number }} Area */

const STEPS = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });
const COLUMNS = 12;

/**
 * @param {Area} area @param {string} key @param {boolean} resize
 * @returns {Partial<Area>|null} what an arrow key changes; null: nothing
 */
export function stepped(area, key, resize) {
  const step = STEPS[key];
  if (!step) return null;
  const [across, down] = step;
  if (resize) {
    const [w, h] = [Math.min(COLUMNS - area.x, Math.max(1, area.w + across)), Math.max(1, area.h + down)];
    return w === area.w && h === area.h ? null : { w, h };
  }
  const [x, y] = [Math.min(COLUMNS - area.w, Math.max(0, area.x + across)), Math.max(0, area.y + down)];
  return x === area.x && y === area.y ? null : { x, y };
}

export class Grid {
  /** @param {HTMLElement} root @param {() => void} onChange somebody moved or resized something */
  constructor(root, onChange) {
    this.root = root;
    this.onChange = onChange;
    /** Changes that come from elsewhere are nobody's. */
    this.isQuiet = false;
    /** @type {any} */
    this.grid = null;
  }

  /** @param {(Area & { id: string })[]} areas of what is in the grid already */
  connect(areas) {
    for (const area of areas) this.mark(this.item(area.id), area);
    const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    /** @type {any} */
    const { GridStack } = /** @type {any} */ (globalThis);
    this.grid = GridStack.init(
      { column: COLUMNS, cellHeight: "5.5rem", margin: "0.5rem", float: false, animate: moves, draggable: { handle: ".widget > h2" }, alwaysShowResizeHandle: true },
      this.root,
    );
    this.grid.on("change", () => this.isQuiet || this.onChange());
  }

  /** @param {string} id @returns {HTMLElement|null} */
  item(id) {
    return this.root.querySelector(`[gs-id="${CSS.escape(id)}"]`);
  }

  /** @param {HTMLElement|null} item @param {Area} area */
  mark(item, area) {
    for (const name of /** @type {const} */ (["x", "y", "w", "h"])) item?.setAttribute(`gs-${name}`, String(area[name]));
  }

  /** @returns {Map<string, Area>} where each is */
  get areas() {
    /** @type {Map<string, Area>} */
    const found = new Map();
    for (const { id, x = 0, y = 0, w = 1, h = 1 } of this.grid.save(false)) found.set(id, { x, y, w, h });
    return found;
  }

  /** @param {string} id @param {HTMLElement} content @param {Partial<Area>} area without a place it takes the first that is free */
  add(id, content, area) {
    const item = document.createElement("div");
    const inner = document.createElement("div");
    item.className = "grid-stack-item";
    item.setAttribute("gs-id", id);
    inner.className = "grid-stack-item-content";
    inner.append(content);
    item.append(inner);
    this.root.append(item);
    this.quietly(() => this.grid.makeWidget(item, { id, ...area, autoPosition: area.x === undefined }));
    return item;
  }

  /** @param {string} id @param {HTMLElement} content */
  replace(id, content) {
    const item = this.item(id);
    item?.querySelector(".grid-stack-item-content")?.replaceChildren(content);
    // It is dragged by a title that was not there before.
    if (item) this.grid.refreshDragHandles(item);
  }

  /** @param {string} id */
  remove(id) {
    this.quietly(() => this.grid.removeWidget(this.item(id)));
  }

  /** @param {Map<string, Area>} areas */
  place(areas) {
    this.quietly(() => {
      this.grid.batchUpdate(true);
      for (const [id, area] of areas) this.grid.update(this.item(id), area);
      this.grid.batchUpdate(false);
    });
  }

  /** @param {() => void} change */
  quietly(change) {
    this.isQuiet = true;
    try {
      change();
    } finally {
      this.isQuiet = false;
    }
  }

  /**
   * @param {string} id @param {KeyboardEvent} event
   * @returns {string} where the widget is now, in words; "" where the key means nothing
   */
  onKey(id, event) {
    const area = this.areas.get(id);
    const change = area && stepped(area, event.key, event.shiftKey);
    if (!change) return "";
    event.preventDefault();
    this.grid.update(this.item(id), change);
    const now = this.areas.get(id) ?? area;
    return filled(gettext("Column %(x)s, row %(y)s; %(w)s wide, %(h)s high"), { x: now.x + 1, y: now.y + 1, w: now.w, h: now.h });
  }
}
