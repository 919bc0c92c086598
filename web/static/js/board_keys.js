// The twins of dragging: arrow keys on a card, the window behind its menu, the menu of a column.
import { announce, fill, ready } from "./page.js";
import { announcePlace, board, busy, cardsIn, cardsOf, columnOf, columns, nextCard, place } from "./board.js";

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.(".ticket-card");
  if (!card || busy() || event.target.closest("[data-move], dialog")) return;
  const moves = event.altKey || event.ctrlKey;
  if (!moves && !event.metaKey && event.key.toLowerCase() === "m") { event.preventDefault(); openDialog(card); return; }
  if (event.key === "Enter" && event.target === card) { card.querySelector(".ticket-card-link").click(); return; }
  const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [0, -Infinity], End: [0, Infinity] }[event.key];
  if (!arrow) return;
  event.preventDefault();
  (moves ? move : step)(card, ...arrow);
});

function move(card, sideways, down) {
  const column = sideways ? neighbour(card, sideways) : columnOf(card);
  if (!column) return;
  const others = cardsIn(column).filter((one) => one !== card);
  const target = sideways || down === -Infinity ? others[0] ?? null
    : down === Infinity ? null : down < 0 ? card.previousElementSibling : nextCard(card) && nextCard(nextCard(card));
  const stays = !sideways && (down < 0 ? !card.previousElementSibling : !nextCard(card));
  if (!stays) place(card, column, target);
}

function step(card, sideways, down) {
  const column = sideways ? neighbour(card, sideways) : columnOf(card);
  const cards = column ? cardsIn(column) : [];
  const target = sideways || down === -Infinity ? cards[0] : down === Infinity ? cards.at(-1) : down < 0 ? card.previousElementSibling : nextCard(card);
  target?.focus();
}

function neighbour(card, sideways) {
  return columns()[columns().indexOf(columnOf(card)) + sideways];
}

document.addEventListener("click", (event) => {
  const card = event.target.closest("[data-move]")?.closest(".ticket-card");
  if (card) { event.preventDefault(); openDialog(card); }
  if (event.target.closest("#move-dialog [data-close]")) document.getElementById("move-dialog").close();
});

function openDialog(card) {
  const dialog = document.getElementById("move-dialog"), url = new URL(card.querySelector("[data-move]").href);
  dialog.dataset.ticket = card.dataset.ticket;
  dialog.querySelector("[data-move-number]").textContent = `#${card.dataset.ticket}`;
  dialog.querySelector("form").action = url;
  dialog.querySelector("[data-assign-form]").action = url.pathname.replace(/moves$/, "assignment");
  dialog.querySelector("[name=stage]").value = columnOf(card).dataset.stage;
  dialog.showModal();
}

document.addEventListener("submit", (event) => {
  const dialog = event.target.closest("#move-dialog");
  if (!dialog || event.target.matches("[data-assign-form]")) return;
  event.preventDefault();
  const card = document.getElementById(`ticket-${dialog.dataset.ticket}`);
  const column = document.getElementById(`stage-${event.target.elements.stage.value}`);
  dialog.close();
  if (card && column) place(card, column, above(card, column, event.target.elements.place.value));
});

/** The card that one lands on: first or last of a column, or one place up or down in its own. */
function above(card, column, where) {
  const others = cardsIn(column).filter((other) => other !== card);
  if (where === "last") return null;
  if (where === "first" || columnOf(card) !== column) return others[0] ?? null;
  const next = nextCard(card);
  return where === "up" ? card.previousElementSibling ?? next : next && nextCard(next);
}

// A column that was moved or folded by its menu: close the menu, say it, and keep the keyboard there.
let chosen = null;
document.addEventListener("submit", (event) => {
  const tools = event.target.closest(".board-column-tools");
  if (!tools) return;
  const folded = event.target.elements.folded?.value;
  chosen = { stage: columnOf(tools).dataset.stage, folded };
  event.target.closest("details")?.removeAttribute("open");
});
document.addEventListener("htmx:after:swap", () => {
  if (!chosen || !board()) return;
  const { stage, folded } = chosen, column = document.getElementById(`stage-${stage}`);
  chosen = null;
  if (!column) return;
  if (folded === undefined) announcePlace(stage);
  else announce(fill(folded === "1" ? board().dataset.wordsFolded : board().dataset.wordsUnfolded, { stage: column.dataset.stageName }));
  column.querySelector(".board-column-tools :is(summary, button)")?.focus();
});

// The fields of a stage open over the board; its own buttons save, or lead back to the board.
ready(() => {
  const popup = document.getElementById("popup");
  if (!popup || popup.open || !popup.querySelector("form")) return;
  document.querySelectorAll("details[data-menu][open]").forEach((menu) => { menu.open = false; });
  popup.showModal();
  popup.querySelector("input:not([type=hidden])")?.focus();
});
document.addEventListener("click", (event) => {
  const cancel = event.target.closest("#popup .form-actions a.btn");
  if (cancel) { event.preventDefault(); document.getElementById("popup").close(); }
});
document.getElementById("popup")?.addEventListener("close", () => document.getElementById("popup-body").replaceChildren());
