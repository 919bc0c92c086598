// Ticking rows: what can be done with them lies over the head of the table once something is ticked, so that no row
// moves under the pointer; one box ticks all of the page, Shift ticks a stretch.
for (const form of document.querySelectorAll("[data-bulk]")) {
  const bar = form.querySelector("[data-bulk-bar]");
  const count = bar.querySelector(".bulk-count");
  const all = form.querySelector("[data-bulk-all]");
  const boxes = [...form.querySelectorAll("[name=ticket]")];
  let last = null;

  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    bar.hidden = !ticked;
    count.textContent = ticked === 1 ? count.dataset.wordsOne : count.dataset.wordsMany.replace("{count}", ticked);
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
    if (event.target === all) boxes.forEach((box) => { box.checked = all.checked; });
    show();
  });
  all.hidden = false;
  bar.dataset.live = "";
  addEventListener("pageshow", show);
  show();
}
