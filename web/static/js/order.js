// Rows or columns that are put in order: dragged by their handle, or moved with the arrow keys on it.
// <ol data-order-url="…" data-order-name="stages" data-words-placed="{name} is now at place {place} of {count}.">
//   <li data-id="3" data-name="New"><button type="button" class="drag-handle" aria-label="…">…</button> …
import { announce, fill, post, ready } from "./page.js";

ready(() => {
  for (const list of document.querySelectorAll("[data-order-url]")) {
    if (list.dataset.started) continue;
    list.dataset.started = "yes";
    let before;
    window.Sortable.create(list, {
      handle: ".drag-handle", draggable: "[data-id]", animation: 120,
      onStart: () => { before = items(list); },
      onEnd: ({ item, oldIndex, newIndex }) => { if (oldIndex !== newIndex) tell(list, item, before); },
    });
  }
});

const items = (list) => [...list.querySelectorAll(":scope > [data-id]")];

document.addEventListener("keydown", (event) => {
  const item = event.target.closest?.(".drag-handle")?.closest("[data-id]");
  const list = item?.closest("[data-order-url]");
  const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
  if (!list || !step) return;
  event.preventDefault();
  const before = items(list);
  const other = before[before.indexOf(item) + step];
  if (!other) return;
  if (step < 0) other.before(item); else other.after(item);
  tell(list, item, before, event.target);
});

async function tell(list, item, before, handle) {
  const order = items(list);
  handle?.focus();
  try {
    await post(list.dataset.orderUrl, order.map((one) => [list.dataset.orderName, one.dataset.id]));
    announce(fill(list.dataset.wordsPlaced ?? "", { name: item.dataset.name, place: order.indexOf(item) + 1, count: order.length }));
  } catch (refusal) {
    before.forEach((one) => list.append(one));
    refusal.show?.();
    handle?.focus();
  }
}
