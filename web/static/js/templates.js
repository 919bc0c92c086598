// Templates: a click on a placeholder puts it where one writes; a new one is made beside the stage form.
import { ready } from "./page.js";

// Where one wrote last; a template that is just begun takes them into the text in the reader's language.
let written = null;
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-takes-placeholders] :is(input, textarea)")) written = event.target;
});
document.addEventListener("click", (event) => {
  const placeholder = event.target.closest("[data-insert]");
  if (!placeholder) return;
  if (!written?.isConnected) written = placeholder.form.querySelector("[data-takes-placeholders=first] textarea");
  written.focus();
  written.setRangeText(placeholder.dataset.insert, written.selectionStart, written.selectionEnd, "end");
  written.dispatchEvent(new Event("input", { bubbles: true }));
});

// The dialog opens when its form has come, and closes when the template is made, which is then chosen.
ready((root) => {
  const form = root.matches?.("dialog .template-form") ? root : root.querySelector?.("dialog .template-form");
  const dialog = form?.closest("dialog");
  if (dialog && !dialog.open) dialog.showModal();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
});
document.addEventListener("template-made", (event) => {
  const { id, name, chooser } = event.detail;
  const select = document.getElementById(chooser);
  select.append(new Option(name, id, true, true));
  document.getElementById("template-dialog").close();
  select.focus();
});
