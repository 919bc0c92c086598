// Behaviour of every page. Each part starts from an attribute in the markup; without script the page still works.
import { say, ready } from "./page.js";

// Menus are <details>: close them by Escape, by a click elsewhere, or when another opens.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    const nav = menu.matches(".topbar-menu") ? menu.nextElementSibling : null;
    if (!menu.contains(event.target) && !nav?.contains(event.target) && !event.target.closest(".topbar-search")) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.activeElement?.closest("details[data-menu][open]") ?? document.querySelector("details[data-menu][open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  }
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (field?.offsetParent) { event.preventDefault(); field.focus(); }
  }
});

// The looks change at once; the server remembers them.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-switch]");
  const choice = event.submitter?.value;
  if (!form || !choice) return;
  event.preventDefault();
  const root = document.documentElement;
  root.dataset.themeChoice = choice;
  if (choice === "auto") delete root.dataset.bsTheme; else root.dataset.bsTheme = choice;
  document.querySelector('meta[name="color-scheme"]').content = choice === "auto" ? "light dark" : choice;
  for (const button of document.querySelectorAll("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === choice));
  }
  const body = new FormData(form);
  body.set("theme", choice);
  fetch(form.action, { method: "POST", body, headers: { Accept: "text/plain" } });
});

// A form with data-confirm asks first. Capturing, so that htmx hears of it only after the yes.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (!question || form.dataset.confirmed) { delete form.dataset.confirmed; return; }
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(question).then((yes) => {
    if (!yes) return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(event.submitter);
  });
}, true);

function ask(question) {
  const { wordsConfirm, wordsCancel } = document.body.dataset;
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  const text = document.createElement("p");
  text.textContent = question;
  const row = document.createElement("form");
  row.method = "dialog";
  row.className = "form-actions";
  for (const [value, label, kind] of [["yes", wordsConfirm, "btn btn-primary"], ["no", wordsCancel, "btn"]]) {
    const button = document.createElement("button");
    Object.assign(button, { value, textContent: label, className: kind });
    row.append(button);
  }
  dialog.append(text, row);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    resolve(dialog.returnValue === "yes");
    dialog.remove();
  }));
}

// One press sends a form once; coming back by the browser's button makes it usable again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 8000);
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

// An address says what was asked for, not what was left empty.
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

// The files chosen, by name and size, each with a way to leave it out again.
function listFiles(box) {
  const input = box.querySelector("input[type=file]");
  const list = box.querySelector(".file-list");
  const files = [...input.files];
  list.replaceChildren(...files.map((file, index) => {
    const row = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = file.name;
    const size = document.createElement("span");
    size.className = "file-size";
    size.textContent = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", style: "unit", unit: "byte", unitDisplay: "narrow" }).format(file.size);
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", textContent: box.dataset.remove });
    remove.setAttribute("aria-label", `${box.dataset.remove} ${file.name}`);
    remove.addEventListener("click", () => {
      const kept = new DataTransfer();
      files.filter((_, place) => place !== index).forEach((other) => kept.items.add(other));
      input.files = kept.files;
      listFiles(box);
      input.focus();
    });
    row.append(name, size, remove);
    return row;
  }));
  list.hidden = !files.length;
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const tooLarge = box.dataset.maxBytes && total > Number(box.dataset.maxBytes);
  input.setCustomValidity(tooLarge ? box.dataset.tooLarge : "");
  if (tooLarge) input.reportValidity();
}
document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-files]");
  if (box) listFiles(box);
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});
document.addEventListener("submit", (event) => {
  const refused = event.target.querySelector("[data-files] input:invalid");
  if (refused) { event.preventDefault(); event.stopImmediatePropagation(); refused.reportValidity(); }
}, true);

// Ctrl+Enter sends what is being written.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
    event.preventDefault();
    event.target.form?.requestSubmit();
  }
});

// A refused form shows its errors first.
ready((root) => root.querySelector?.("[data-focus]")?.focus());

// No answer at all: say so, and leave what was typed where it is.
document.addEventListener("htmx:error", (event) => {
  if (!event.detail?.ctx?.response) say(document.body.dataset.wordsAway, "danger");
});
