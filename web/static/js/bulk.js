// Ticking rows: what can be done with them lies over the head of the table once something is ticked, so that no row
// moves under the pointer; one box ticks all of the page, Shift ticks a stretch. Keys: j and k walk, x ticks.
for (const form of document.querySelectorAll("[data-bulk]")) {
  const bar = form.querySelector("[data-bulk-bar]");
  const count = bar.querySelector(".bulk-count");
  const everything = bar.querySelector("[data-bulk-everything]");
  const all = form.querySelector("[data-bulk-all]");
  const boxes = [...form.querySelectorAll("[name=ticket]")];
  let last = null;

  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    if (ticked < boxes.length) everything.checked = false;
    bar.hidden = !ticked;
    count.textContent = ticked === 1 ? count.dataset.wordsOne : count.dataset.wordsMany.replace("{count}", ticked);
    count.hidden = everything.checked;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  form.addEventListener("click", (event) => {
    const place = boxes.indexOf(event.target);
    if (place < 0) return;
    if (event.shiftKey && last !== null) {
      for (const box of boxes.slice(Math.min(last, place), Math.max(last, place))) box.checked = event.target.checked;
    }
    last = place;
  });
  form.addEventListener("change", (event) => {
    if (event.target === all || event.target === everything) boxes.forEach((box) => { box.checked = event.target.checked; });
    show();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = boxes.indexOf(document.activeElement?.closest("tr")?.querySelector("[name=ticket]"));
    const next = { j: Math.min(row + 1, boxes.length - 1), k: Math.max(row - 1, 0) }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      boxes[next].closest("tr").querySelector(".ticket-subject").focus();
    } else if (event.key === "x" && row >= 0) {
      event.preventDefault();
      boxes[row].click();
    }
  });
  all.hidden = false;
  bar.dataset.live = "";
  addEventListener("pageshow", show);
  show();
}
