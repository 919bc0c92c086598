// Keys of a page, never while somebody types. What has data-key="x" is pressed by x; a ticket has some more:
// r replies, n writes a note, j and k go from message to message, ? shows them all. The search field has its own ("/").
const typing = (event) => event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], dialog[open]");
const seen = (element) => element.offsetParent !== null;

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.("#composer textarea")) { event.target.blur(); return; }
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (document.querySelector("dialog[open]")) return;
  const act = SPECIAL[event.key] ?? press;
  if (act(event.key)) event.preventDefault();
});

const SPECIAL = {
  "?": () => { document.getElementById("keys")?.showModal(); return true; },
  r: () => write(""),
  n: () => write("y"),
  j: () => step(1),
  k: () => step(-1),
};

function write(internal) {
  const composer = document.getElementById("composer");
  if (!composer) return false;
  const choice = composer.querySelector(`[name=internal][value="${internal}"]`);
  if (!choice.checked) choice.click();
  composer.elements.body.focus();
  composer.scrollIntoView({ block: "center" });
  return true;
}

function step(by) {
  const messages = [...document.querySelectorAll("#story .message")];
  const top = document.querySelector(".topbar")?.offsetHeight ?? 0;
  const here = messages.indexOf(document.activeElement?.closest?.(".message"));
  const next = here < 0 ? messages.findIndex((one) => one.getBoundingClientRect().bottom > top) : here + by;
  const message = messages[Math.max(0, Math.min(next, messages.length - 1))];
  if (!message) return false;
  message.tabIndex = -1;
  message.focus({ preventScroll: true });
  message.scrollIntoView({ block: "start" });
  return true;
}

function press(key) {
  const target = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(seen);
  if (!target) return false;
  target.click();
  if (target.matches("summary")) target.parentElement.querySelector("form button, form input:not([type=hidden]), form textarea")?.focus();
  return true;
}
