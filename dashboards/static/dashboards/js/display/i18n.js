// What pages say, in the reader's language: Django's catalogue, where the page has loaded one.

/** @returns {Record<string, any>} */
function catalogue() {
  return /** @type {any} */ (globalThis).django ?? {};
}

/** @param {string} text @returns {string} translated, or as it is */
export function gettext(text) {
  return catalogue().gettext?.(text) ?? text;
}

/** @param {string} one @param {string} many @param {number} n @returns {string} */
export function ngettext(one, many, n) {
  return catalogue().ngettext?.(one, many, n) ?? (n === 1 ? one : many);
}

/**
 * @param {string} text translated already, with %(name)s in it
 * @param {Record<string, any>} values
 * @returns {string}
 */
export function filled(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_all, name) => String(values[name]));
}
