// Says that the ticket is being looked at, and shows who else is, and what was said or done meanwhile. What is being
// written stays where it is. A tab in the background is nobody who looks.
import { ready } from "./page.js";

const EVERY = 10_000; // milliseconds
const WRITES_FOR = 30_000; // so long after the last key somebody writes
let started = false;

ready(() => {
  if (started || !document.getElementById("presence")) return;
  started = true;
  const composer = document.getElementById("composer");
  const since = composer?.elements.seen.value ?? "0";
  let typed = 0, asking = false;

  async function tell() {
    const place = document.getElementById("presence");
    if (document.hidden || asking || !place) return;
    asking = true;
    const writing = Date.now() - typed < WRITES_FOR && composer?.elements.body.value.trim() ? "y" : "";
    try {
      const response = await send(place, { state: place.dataset.state, since, writing });
      if (response.status === 200) show(await response.text());
    } catch { /* The next poll tries again. */ }
    asking = false;
  }
  composer?.elements.body.addEventListener("input", () => {
    const began = Date.now() - typed > WRITES_FOR;
    typed = Date.now();
    if (began) tell();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tell(); });
  addEventListener("pagehide", () => send(document.getElementById("presence"), { left: "y" }).catch(() => {}));
  setInterval(tell, EVERY);
  tell();
});

function send(place, fields) {
  const headers = { "HX-Request": "true", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content };
  return fetch(place.dataset.url, { method: "POST", body: new URLSearchParams(fields), headers, keepalive: true });
}

/** Put in what came, with the composer staying where it is on the screen. */
function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const answer = document.getElementById("composer") ?? document.getElementById("story");
  const before = answer.getBoundingClientRect().top;
  for (const id of ["presence", "story", "ticket-head"]) {
    const fresh = page.getElementById(id), old = document.getElementById(id);
    if (!fresh || !old || (id === "ticket-head" && old.contains(document.activeElement))) continue;
    old.replaceWith(document.adoptNode(fresh));
    window.htmx.process(document.getElementById(id));
  }
  scrollBy({ top: answer.getBoundingClientRect().top - before, behavior: "instant" });
  // Whoever sends now has the news before their eyes.
  const seen = document.getElementById("composer")?.elements.seen;
  for (const one of document.querySelectorAll("#presence [data-message]")) {
    if (seen && Number(one.dataset.message) > Number(seen.value)) seen.value = one.dataset.message;
  }
}
