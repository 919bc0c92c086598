// What is being written is kept on the server while one writes: a closed tab, a crash or a sign-out loses nothing.
// A reply and a note are drafts of their own; text that was begun as the one goes along when it becomes the other.
import { ready } from "./page.js";

const PAUSE = 800; // milliseconds without a key before it is saved
const LONGEST_KEPT_ALIVE = 60_000; // a browser sends no more than 64 kB after a page is gone

ready((root) => {
  const form = root.querySelector?.("#composer");
  if (!form || form.dataset.started) return;
  form.dataset.started = "yes";
  const { body } = form.elements;
  const other = () => form.querySelector('[name="internal"]:not(:checked)');
  let kind = form.elements.internal.value, saved = body.value, timer, sent = false;

  function save(text = body.value, internal = kind) {
    clearTimeout(timer);
    if (sent || (text === saved && internal === kind)) return;
    if (internal === kind) saved = text;
    const fields = new URLSearchParams({ body: text, internal, key: form.elements.key.value });
    const headers = { "HX-Request": "true", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content };
    fetch(form.dataset.draftUrl, { method: "POST", body: fields, headers, keepalive: text.length < LONGEST_KEPT_ALIVE })
      .then((response) => { if (!response.ok) throw response; tell(text.trim() ? form.dataset.wordsSaved : ""); })
      .catch(() => { if (internal === kind && saved === text) saved = null; tell(form.dataset.wordsUnsaved); });
  }
  function tell(words) { form.querySelector("[data-saved]").textContent = words; }

  body.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, PAUSE); });
  addEventListener("pagehide", () => save());
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  form.addEventListener("submit", () => { sent = true; clearTimeout(timer); });
  addEventListener("pageshow", () => { sent = false; });

  // The box had what is chosen now; what it has goes to the choice that was left, unless it comes along.
  form.addEventListener("change", (event) => {
    if (event.target.name !== "internal" || event.target.value === kind) return;
    const here = event.target.dataset.other, left = other();
    if (here) {
      save();
      left.dataset.other = body.value;
      body.value = here;
      event.target.dataset.other = "";
      kind = event.target.value;
      saved = here;
    } else {
      const text = body.value;
      save("", kind);
      kind = event.target.value;
      saved = null;
      save(text, kind);
    }
    body.focus();
  });
});

// An answer that was just sent can be taken back for as long as the notice stands there.
ready((root) => {
  for (const notice of root.querySelectorAll?.("[data-expires]") ?? []) {
    setTimeout(() => notice.remove(), Number(notice.dataset.expires) * 1000);
  }
});
