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
  if (board().dataset.orderUrl) orderColumns();
});

/** Administrators drag columns by their heads; the menu of a column does the same. */
function orderColumns() {
  let before;
  window.Sortable.create(board(), {
    handle: ".board-column-head", draggable: ".board-column", filter: ".board-column-tools", preventOnFilter: false, direction: "horizontal",
    animation: 120, delay: 150, delayOnTouchOnly: true, ghostClass: "ticket-card-ghost", scroll: true,
    onStart: () => { before = columns(); },
    onEnd: ({ item, oldIndex, newIndex }) => { if (oldIndex !== newIndex) tellOrder(item, before); },
  });
}

const columns = () => [...board().querySelectorAll(".board-column")];

async function tellOrder(column, before) {
  const words = { ...board().dataset };
  const order = columns();
  try {
    redraw(await post(words.orderUrl, order.map((one) => ["stages", one.dataset.stage])));
    announce(fill(words.wordsPlaced, { stage: column.dataset.stageName, place: order.indexOf(column) + 1, count: order.length }));
  } catch (refusal) {
    before.forEach((one) => board().append(one));
    refusal.show?.();
    if (!refusal.show) throw refusal;
  }
}

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

async function tell(card, origin, focus = false, why = "") {
  const ticket = card.dataset.ticket;
  const words = { ...board().dataset };
  moving = true;
  board().classList.add("board-busy");
  try {
    const html = await post(card.dataset.moveUrl, { stage: columnOf(card).dataset.stage, before: nextCard(card)?.dataset.ticket ?? "", why });
    redraw(html);
    document.getElementById("flashes").replaceChildren();
    announce(fill(words.wordsMoved, where(ticket)));
  } catch (refusal) {
    const reason = await reasonAsked(refusal.html);
    if (reason) return await tell(card, origin, focus, reason);
    origin.list.insertBefore(card, origin.next);
    if (reason === null) return;
    refusal.show?.();
    announce(fill(words.wordsRefused, { ticket }));
    if (!refusal.show) throw refusal;
  } finally {
    moving = false;
    board().classList.remove("board-busy");
    if (focus) show(document.getElementById(`ticket-${ticket}`));
  }
}

/** What was typed into the window of this answer, null when it was left, undefined when the answer holds none. */
function reasonAsked(html) {
  const dialog = new DOMParser().parseFromString(html ?? "", "text/html").getElementById("why-dialog");
  if (!dialog) return undefined;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    let reason = null;
    dialog.addEventListener("submit", (event) => { event.preventDefault(); reason = dialog.querySelector("textarea").value.trim() || null; dialog.close(); });
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => { dialog.remove(); resolve(reason); });
  });
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
