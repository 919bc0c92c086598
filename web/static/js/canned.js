// Canned replies go into the answer where the cursor is: chosen from the menu, or by :shortcut and Tab.
import { announce, fill, ready } from "./page.js";

ready((root) => {
  const menu = root.querySelector?.("#composer .canned");
  if (!menu || menu.dataset.started) return;
  menu.dataset.started = "yes";
  menu.hidden = false;
  const body = menu.closest("form").elements.body;
  const search = menu.querySelector("input"), found = menu.querySelector("[data-found]");
  let timer, asked = 0;

  const ask = async (fields) => {
    const response = await fetch(`${menu.dataset.url}?${new URLSearchParams(fields)}`, { headers: { "HX-Request": "true" } });
    return new DOMParser().parseFromString(response.ok ? await response.text() : "", "text/html").body;
  };
  async function list() {
    const turn = ++asked;
    const answer = await ask({ q: search.value });
    if (turn === asked) found.replaceChildren(...answer.childNodes);
  }
  /** Beside the text, where one looks. */
  function tell(words) {
    menu.closest("form").querySelector("[data-said]").textContent = words;
    if (words) announce(words);
  }
  function put(text, start = body.selectionStart, end = body.selectionEnd) {
    body.focus();
    body.setRangeText(text, start, end, "end");
    body.dispatchEvent(new Event("input", { bubbles: true }));
  }

  menu.addEventListener("toggle", () => { if (menu.open) { search.focus(); list(); } });
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(list, 150); });
  menu.addEventListener("click", (event) => {
    const item = event.target.closest("[data-text]");
    if (!item) return;
    menu.open = false;
    put(item.dataset.text);
  });
  menu.addEventListener("keydown", (event) => {
    const items = [...found.querySelectorAll("[data-text]")];
    if (event.key === "Enter" && event.target === search) { event.preventDefault(); items[0]?.click(); }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !items.length) return;
    event.preventDefault();
    const here = items.indexOf(document.activeElement) + step;
    (here < 0 ? search : items[Math.min(here, items.length - 1)]).focus();
  });
  body.addEventListener("input", () => tell(""));
  body.addEventListener("keydown", async (event) => {
    if (event.key !== "Tab" || event.shiftKey || body.selectionStart !== body.selectionEnd) return;
    const end = body.selectionStart, word = /(?:^|\s):([\p{L}\p{N}_-]{1,40})$/u.exec(body.value.slice(0, end))?.[1];
    if (!word) return;
    event.preventDefault();
    const item = (await ask({ shortcut: word })).querySelector("[data-text]");
    if (item) put(item.dataset.text, end - word.length - 1, end);
    else tell(fill(menu.dataset.wordsNone, { shortcut: word }));
  });
});
