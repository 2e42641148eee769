// The states of one series on the device page, as a row.

import { Colours, drawStates, prepared } from "./state-row.js";

/** @typedef {import("./plot-data.js").Part} Part */

export class StatesView {
  /** @param {HTMLElement} root the element to draw in */
  constructor(root) {
    this.root = root;
    this.canvas = document.createElement("canvas");
    root.append(this.canvas);
    root.classList.add("states");
    /** @type {(() => void)|null} */
    this.again = null;
    new ResizeObserver(() => this.again?.()).observe(root);
  }

  /** @param {Part} part @param {[number, number]} span ms */
  draw(part, span) {
    this.root.classList.toggle("skeleton", part.known === false);
    this.again = () => drawStates(prepared(this.canvas, this.root), part, { span, width: this.root.clientWidth, row: 0 }, new Colours());
    this.again();
  }
}
