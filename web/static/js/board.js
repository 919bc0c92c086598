// A card or a column is dragged: the server is told the new place, and the board that comes back is the truth. What the
// server refuses goes back to where it was. Keys and menus do the same (board_keys.js); board_live.js looks for changes.
import { announce, fill, post, ready } from "./page.js";

export const board = () => document.getElementById("board");
export const columns = () => [...board().querySelectorAll(".board-column")];
export const columnOf = (card) => card.closest("[data-stage]");
export const cardsOf = (column) => column.querySelector(".board-cards");
export const cardsIn = (column) => [...cardsOf(column).querySelectorAll(".ticket-card")];
let dragged = false, told = 0;

/** Whether a card is under way: nothing may move beneath it. */
export const busy = () => dragged || told > 0;

// What belongs to this page alone, whatever the server sends: open menus, and what has been started.
window.htmx.config.morphIgnore.push("open", "data-started", "data-open");

ready(() => {
  if (!board()) return;
  for (const list of board().querySelectorAll(".board-cards:not([data-started])")) startCards(list);
  if (board().dataset.orderUrl && !board().dataset.started) orderColumns();
  board().dataset.started = "yes";
});

function startCards(list) {
  list.dataset.started = "yes";
  window.Sortable.create(list, {
    group: "cards", draggable: ".ticket-card", filter: "[data-move]", preventOnFilter: false, animation: 120, delay: 150, delayOnTouchOnly: true,
    ghostClass: "ticket-card-ghost", dragClass: "ticket-card-drag", scroll: true, bubbleScroll: true,
    onStart: ({ item }) => { dragged = true; item.origin = { list: item.parentElement, next: item.nextElementSibling }; },
    onEnd: ({ item, from, to, oldIndex, newIndex }) => { dragged = false; if (from !== to || oldIndex !== newIndex) tell(item, item.origin); },
  });
}

/** Administrators drag columns by their heads; the menu of a column does the same. */
function orderColumns() {
  let before;
  window.Sortable.create(board(), {
    handle: ".board-column-head", draggable: ".board-column", filter: ".board-column-tools", preventOnFilter: false, direction: "horizontal",
    animation: 120, delay: 150, delayOnTouchOnly: true, ghostClass: "ticket-card-ghost", scroll: true,
    onStart: () => { dragged = true; before = columns(); },
    onEnd: ({ item, oldIndex, newIndex }) => { dragged = false; if (oldIndex !== newIndex) tellOrder(item, before); },
  });
}

async function tellOrder(column, before) {
  told += 1;
  try {
    await redraw(await post(further(board().dataset.orderUrl), columns().map((one) => ["stages", one.dataset.stage])));
    announcePlace(column.dataset.stage);
  } catch (refusal) {
    before.forEach((one) => board().append(one));
    refusal.show?.();
    if (!refusal.show) throw refusal;
  } finally {
    told -= 1;
  }
}

export function announcePlace(stage) {
  const column = document.getElementById(`stage-${stage}`);
  if (column) announce(fill(board().dataset.wordsPlaced, { stage: column.dataset.stageName, place: columns().indexOf(column) + 1, count: columns().length }));
}

export function nextCard(card) {
  const next = card.nextElementSibling;
  return next?.matches(".ticket-card") ? next : null;
}

/** Put the card into a column above another card (null: last), then tell the server. */
export function place(card, column, above) {
  const origin = { list: card.parentElement, next: card.nextElementSibling };
  cardsOf(column).insertBefore(card, above ?? cardsOf(column).querySelector(".board-more"));
  return tell(card, origin, true);
}

/** Where the card lies now, in words that the server knows: above one, below one, or alone in its column. */
function lies(card) {
  const below = nextCard(card), above = card.previousElementSibling;
  const neighbour = below ? ["before", below.dataset.ticket] : above ? ["after", above.dataset.ticket] : ["before", ""];
  return [["stage", columnOf(card).dataset.stage], neighbour];
}

async function tell(card, origin, focus = false, why = "") {
  const ticket = card.dataset.ticket;
  told += 1;
  board().classList.add("board-busy");
  try {
    await redraw(await post(further(card.querySelector("[data-move]").href), [...lies(card), ["why", why]]));
    document.getElementById("flashes").replaceChildren();
    announce(fill(board().dataset.wordsMoved, where(ticket)));
  } catch (refusal) {
    const reason = await reasonAsked(refusal.html);
    if (reason) return await tell(card, origin, focus, reason);
    origin.list.insertBefore(card, origin.next);
    if (reason === null) return;
    refusal.show?.();
    announce(`${fill(board().dataset.wordsRefused, { ticket })} ${document.querySelector("#flashes .notice")?.textContent.trim() ?? ""}`);
    if (!refusal.show) throw refusal;
  } finally {
    told -= 1;
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

/** The address, with how many cards of each column are open here: an answer holds as many. */
export function further(address) {
  const url = new URL(address, location.href);
  for (const column of columns()) {
    const count = cardsIn(column).length;
    if (column.dataset.open) url.searchParams.append("shown", `${column.dataset.stage}.${count}`);
  }
  return url;
}

/** Bring the board to what the server sent, and leave focus, scrolling and open menus as they are. */
export async function redraw(html) {
  const focused = document.activeElement, sideways = board().scrollLeft;
  const form = board().querySelector(".new-card"), written = form && columnOf(form).id;
  form?.remove();
  const down = new Map(columns().map((column) => [column.id, cardsOf(column).scrollTop]));
  await window.htmx.swap({ text: html, target: board(), sourceElement: board(), swap: "outerMorph" });
  board().scrollLeft = sideways;
  for (const column of columns()) cardsOf(column).scrollTop = down.get(column.id) ?? 0;
  const column = written && document.getElementById(written);
  if (column) cardsOf(column).before(form);
  if (document.activeElement === document.body) (focused.isConnected ? focused : document.getElementById(focused.id))?.focus({ preventScroll: true });
}

function where(ticket) {
  const card = document.getElementById(`ticket-${ticket}`);
  if (!card) return { ticket };
  const cards = cardsIn(columnOf(card));
  return { ticket, stage: columnOf(card).dataset.stageName, place: cards.indexOf(card) + 1, count: cards.length };
}
