// A ticket is written into its column: the plus of the column opens a short form there.
import { announce, fill, post } from "./page.js";
import { board, cardsOf, columnOf, further, redraw } from "./board.js";

document.addEventListener("click", (event) => {
  const plus = event.target.closest("[data-new-card]");
  if (plus && !event.ctrlKey && !event.metaKey) { event.preventDefault(); open(columnOf(plus)); }
  if (event.target.closest(".new-card [data-close]")) close(event.target.closest(".new-card"));
});
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.(".new-card");
  if (form && event.key === "Escape") { event.stopPropagation(); close(form); }
});

function open(column) {
  document.querySelector(".new-card")?.remove();
  const form = document.getElementById("new-card").content.cloneNode(true).querySelector("form");
  form.elements.stage.value = column.dataset.stage;
  form.elements.key.value = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const teams = column.querySelector("[data-new-card]").dataset.newCard.split(" ");
  form.querySelectorAll("option").forEach((option) => { if (!teams.includes(option.dataset.team)) option.remove(); });
  cardsOf(column).before(form);
  form.elements.subject.focus();
}

function close(form) {
  const column = columnOf(form);
  form.remove();
  column.querySelector("[data-new-card]")?.focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".new-card")) return;
  event.preventDefault();
  const column = columnOf(form), button = form.querySelector("button");
  button.disabled = true;
  try {
    const address = form.querySelector("[data-new-card-team]")?.value ?? form.action;
    const html = await post(further(address), new FormData(form));
    form.remove();
    await redraw(html);
    document.getElementById("flashes").replaceChildren();
    announce(fill(board().dataset.wordsCreated, { stage: column.dataset.stageName }));
    open(document.getElementById(column.id)); // for the next one
  } catch (refusal) {
    button.disabled = false;
    refusal.show?.();
    if (!refusal.show) throw refusal;
  }
});
