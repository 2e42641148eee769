// What is wrong at present, as a count beside every page: it leads to /status.

import { filled, ngettext } from "../display/i18n.js";

const EVERY_MS = 20_000;

/** @typedef {{ code: string, level: "red"|"yellow", title: string }} Problem */

/** @param {Problem[]} problems @returns {{ words: string, level: string }} */
export function problemWords(problems) {
  const red = problems.filter(({ level }) => level === "red");
  const worst = red[0] ?? problems[0];
  const words = problems.length === 1 ? worst.title : filled(ngettext("%(n)s problem", "%(n)s problems", problems.length), { n: problems.length });
  return { words: problems.length ? words : "", level: red.length ? "red" : "yellow" };
}

export function watchProblems() {
  const badge = document.getElementById("wrong");
  const text = badge?.querySelector("span");
  if (!badge || !text) return;
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/api/v1/problems");
      if (!answer.ok) return;
      const { words, level } = problemWords((await answer.json()).problems);
      badge.hidden = !words;
      badge.dataset.level = level;
      if (text.textContent !== words) text.textContent = words;
    } catch {
      // The line beside it says that nothing comes.
    }
  };
  look();
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
