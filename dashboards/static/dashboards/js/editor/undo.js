// What a board was before, and what it would be again: a line of specifications.

import { canonical } from "./same.js";

const MOST = 200;

export class Undo {
  /** @param {any} first what stands at the beginning */
  constructor(first) {
    /** @type {string[]} */
    this.line = [canonical(first)];
    this.at = 0;
  }

  /** @returns {any} what stands now */
  get now() {
    return JSON.parse(this.line[this.at]);
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.line.length - 1;
  }

  /** @param {any} next @returns {boolean} whether that is anything new */
  add(next) {
    const text = canonical(next);
    if (text === this.line[this.at]) return false;
    this.line = [...this.line.slice(0, this.at + 1), text].slice(-MOST);
    this.at = this.line.length - 1;
    return true;
  }

  /** @param {-1|1} step @returns {any} what stands then; null: there is nothing */
  move(step) {
    if (!(this.at + step in this.line)) return null;
    this.at += step;
    return this.now;
  }
}
