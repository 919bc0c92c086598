// Keys on a ticket: r replies, n writes a note, ? shows them. The search field has its own ("/").
const typing = (event) => event.target.closest?.("input, textarea, select, [contenteditable], dialog[open]");

document.addEventListener("keydown", (event) => {
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") { document.getElementById("keys")?.showModal(); return; }
  const internal = { r: "", n: "y" }[event.key];
  const composer = document.querySelector("#answer form");
  if (internal === undefined || !composer) return;
  event.preventDefault();
  composer.querySelector(`[name=internal][value="${internal}"]`).checked = true;
  composer.elements.body.focus();
  composer.scrollIntoView({ block: "center" });
});
