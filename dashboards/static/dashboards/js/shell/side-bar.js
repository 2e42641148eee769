// The side bar of narrow screens: it comes when it is asked for, and goes by Escape or a click beside it.

export function startSideBar() {
  const side = document.getElementById("side");
  if (!side) return;
  /** What was pressed, to go back to. @type {HTMLElement|null} */
  let opener = null;
  const close = () => {
    if (!side.hasAttribute("data-open")) return;
    side.removeAttribute("data-open");
    opener?.focus();
  };
  for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("a[href='#side']"))) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
      opener = link;
      side.toggleAttribute("data-open");
      if (side.hasAttribute("data-open")) /** @type {HTMLElement|null} */ (side.querySelector("nav a"))?.focus();
    });
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  document.addEventListener("click", (event) => !side.contains(/** @type {Node} */ (event.target)) && close());
}

/** @param {HTMLElement} menu a button with what it opens behind it */
export function listenToButton(menu) {
  const [button, list] = /** @type {HTMLElement[]} */ ([...menu.children]);
  button.addEventListener("click", () => {
    list.hidden = !list.hidden;
    button.setAttribute("aria-expanded", String(!list.hidden));
  });
}

/** @param {HTMLElement} menu @returns {boolean} whether it was open */
export function closeMenu(menu) {
  if (menu instanceof HTMLDetailsElement) {
    const was = menu.open;
    menu.open = false;
    return was;
  }
  const [button, list] = /** @type {HTMLElement[]} */ ([...menu.children]);
  const was = !list.hidden;
  list.hidden = true;
  button.setAttribute("aria-expanded", "false");
  return was;
}

/** Menus close by Escape, and when something else is pressed. */
export function startMenus() {
  const menus = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".menu"));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) if (closeMenu(menu)) /** @type {HTMLElement} */ (menu.firstElementChild).focus();
  });
  document.addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(/** @type {Node} */ (event.target))) closeMenu(menu);
  });
}
