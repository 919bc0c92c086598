// What others change appears by itself, and more cards as one scrolls down.
import { ready } from "./page.js";
import { board, busy, columnOf, further, redraw } from "./board.js";

const EVERY_MILLISECONDS = 8000;
const typing = () => document.activeElement?.matches("#board :is(input, textarea, select)") || document.querySelector("dialog[open]");
const still = () => !document.hidden && !busy() && !typing();
const HTMX = { "HX-Request": "true" };
let looking = false;

/** Ask for the board, which is answered 304 while nothing changed; what one is doing is never disturbed. */
async function look() {
  if (!board() || looking || !still()) return;
  looking = true;
  const { mark, address } = board().dataset;
  try {
    const answer = await fetch(further(address), { headers: { ...HTMX, "If-None-Match": `W/"${mark}"` }, cache: "no-store" });
    if (answer.headers.get("HX-Redirect")) { location.href = answer.headers.get("HX-Redirect"); return; }
    const html = answer.status === 200 ? await answer.text() : "";
    if (html && still() && board().dataset.mark === mark) await redraw(html);
  } catch {
    // Nobody answered: the next look may.
  } finally {
    looking = false;
  }
}
setInterval(look, EVERY_MILLISECONDS);
document.addEventListener("visibilitychange", look);

const seen = new IntersectionObserver((links) => {
  for (const { isIntersecting, target } of links) if (isIntersecting) more(target);
}, { rootMargin: "200px" });

ready(() => {
  for (const link of board()?.querySelectorAll(".board-more") ?? []) seen.observe(link);
});

/** The next cards of a column take the place of the link to them. */
async function more(item) {
  if (item.dataset.asked) return;
  item.dataset.asked = "yes";
  try {
    const answer = await fetch(item.querySelector("a").href, { headers: HTMX });
    const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
    const column = columnOf(item);
    const cards = [...page.querySelectorAll(".ticket-card")].filter((card) => !document.getElementById(card.id));
    const next = page.querySelector(".board-more");
    if (!answer.ok || !item.isConnected) return;
    column.dataset.open = "yes";
    item.replaceWith(...cards, ...(next ? [next] : []));
    if (next) seen.observe(next);
  } finally {
    delete item.dataset.asked;
  }
}
