// Colours of what is drawn: the tokens of the style sheet, in the scheme that holds.

// Of lines and states; the second half of lines is dashed too, so that colour is not needed.
const COLOURS = 8;

/** @param {string} name @returns {string} */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {number} n @returns {{ colour: string, dashed: boolean }} */
export function lookOf(n) {
  return { colour: `--line-${(n % COLOURS) + 1}`, dashed: n >= COLOURS / 2 };
}
