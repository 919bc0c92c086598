// A card is dragged, moved by keys, or by the window behind its menu: each tells the server its new column and place,
// and the board that comes back is the truth. What the server refuses goes back to where it was.
import { announce, fill, post, ready } from "./page.js";

const board = () => document.getElementById("board");
const columnOf = (card) => card.closest("[data-stage]");
const cardsOf = (column) => column.querySelector(".board-cards");
let moving = false;

ready(() => {
  if (!board() || board().dataset.started) return;
  board().dataset.started = "yes";
  for (const list of board().querySelectorAll(".board-cards")) {
    window.Sortable.create(list, {
      group: "cards", draggable: ".ticket-card", filter: "[data-move]", preventOnFilter: false, animation: 120, delay: 150, delayOnTouchOnly: true,
      ghostClass: "ticket-card-ghost", dragClass: "ticket-card-drag", scroll: true, bubbleScroll: true,
      onStart: ({ item }) => { item.origin = { list: item.parentElement, next: nextCard(item) }; },
      onEnd: ({ item, from, to, oldIndex, newIndex }) => { if (from !== to || oldIndex !== newIndex) tell(item, item.origin); },
    });
  }
});

function nextCard(card) {
  const next = card.nextElementSibling;
  return next?.matches(".ticket-card") ? next : null;
}

/** Put the card into a column above another card (null: last), then tell the server. */
function place(card, column, above) {
  const origin = { list: card.parentElement, next: nextCard(card) };
  cardsOf(column).insertBefore(card, above);
  return tell(card, origin, true);
}

async function tell(card, origin, focus = false) {
  const ticket = card.dataset.ticket;
  const words = { ...board().dataset };
  moving = true;
  board().classList.add("board-busy");
  try {
    const html = await post(card.dataset.moveUrl, { stage: columnOf(card).dataset.stage, before: nextCard(card)?.dataset.ticket ?? "" });
    redraw(html);
    document.getElementById("flashes").replaceChildren();
    announce(fill(words.wordsMoved, where(ticket)));
  } catch (refusal) {
    origin.list.insertBefore(card, origin.next);
    refusal.show?.();
    announce(fill(words.wordsRefused, { ticket }));
    if (!refusal.show) throw refusal;
  } finally {
    moving = false;
    board().classList.remove("board-busy");
    if (focus) show(document.getElementById(`ticket-${ticket}`));
  }
}

/** Keep the keyboard at the card, or at the first one where it went out of sight. */
function show(card) {
  (card?.offsetParent ? card : board().querySelector(".ticket-card"))?.focus();
}

function redraw(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("board");
  if (!fresh) return;
  const sideways = board().scrollLeft;
  const down = new Map([...board().querySelectorAll("[data-stage]")].map((column) => [column.dataset.stage, cardsOf(column).scrollTop]));
  board().replaceWith(fresh);
  window.htmx.process(fresh); // which starts the dragging again, see ready()
  board().scrollLeft = sideways;
  for (const column of board().querySelectorAll("[data-stage]")) cardsOf(column).scrollTop = down.get(column.dataset.stage) ?? 0;
}

function where(ticket) {
  const card = document.getElementById(`ticket-${ticket}`);
  if (!card) return { ticket };
  const cards = [...cardsOf(columnOf(card)).children];
  return { ticket, stage: columnOf(card).dataset.stageName, place: cards.indexOf(card) + 1, count: cards.length };
}

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.(".ticket-card");
  if (!card || moving || event.target.closest("[data-move], dialog")) return;
  if (!event.altKey && !event.ctrlKey && !event.metaKey && event.key.toLowerCase() === "m") { event.preventDefault(); openDialog(card); return; }
  if (event.key === "Enter" && event.target === card) { card.querySelector("a").click(); return; }
  const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!arrow) return;
  event.preventDefault();
  if (event.altKey || event.ctrlKey) move(card, ...arrow); else step(card, ...arrow);
});

function move(card, sideways, down) {
  if (sideways) {
    const column = neighbour(card, sideways);
    if (column) place(card, column, cardsOf(column).querySelector(".ticket-card"));
  } else if (down < 0 && card.previousElementSibling) {
    place(card, columnOf(card), card.previousElementSibling);
  } else if (down > 0 && nextCard(card)) {
    place(card, columnOf(card), nextCard(nextCard(card)));
  }
}

function step(card, sideways, down) {
  const column = sideways ? neighbour(card, sideways) : null;
  const target = sideways ? column && cardsOf(column).querySelector(".ticket-card") : down < 0 ? card.previousElementSibling : nextCard(card);
  target?.focus();
}

function neighbour(card, sideways) {
  const columns = [...board().querySelectorAll("[data-stage]")];
  return columns[columns.indexOf(columnOf(card)) + sideways];
}

document.addEventListener("click", (event) => {
  const card = event.target.closest("[data-move]")?.closest(".ticket-card");
  if (card) { event.preventDefault(); openDialog(card); }
  if (event.target.closest("#move-dialog [data-close]")) document.getElementById("move-dialog").close();
});

function openDialog(card) {
  const dialog = document.getElementById("move-dialog");
  dialog.dataset.ticket = card.dataset.ticket;
  dialog.querySelector("[data-move-number]").textContent = `#${card.dataset.ticket}`;
  dialog.querySelector("form").action = card.dataset.moveUrl;
  const assign = dialog.querySelector("[data-assign-form]");
  if (assign) assign.action = card.dataset.assignUrl;
  dialog.querySelector("[name=stage]").value = columnOf(card).dataset.stage;
  dialog.showModal();
}

document.addEventListener("submit", (event) => {
  const dialog = event.target.closest("#move-dialog");
  if (!dialog || event.target.matches("[data-assign-form]")) return;
  event.preventDefault();
  const card = document.getElementById(`ticket-${dialog.dataset.ticket}`);
  const column = board().querySelector(`[data-stage="${CSS.escape(event.target.elements.stage.value)}"]`);
  dialog.close();
  place(card, column, above(card, column, event.target.elements.place.value));
});

/** The card that one lands on: first or last of a column, or one place up or down in its own. */
function above(card, column, where) {
  const others = [...cardsOf(column).querySelectorAll(".ticket-card")].filter((other) => other !== card);
  if (where === "last") return null;
  if (where === "first" || columnOf(card) !== column) return others[0] ?? null;
  const next = nextCard(card);
  return where === "up" ? card.previousElementSibling ?? next : next && nextCard(next);
}
