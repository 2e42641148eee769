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

/** Menus close by Escape, and when something else is pressed. */
export function startMenus() {
  const open = () => /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.menu[open]"));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
  });
}
