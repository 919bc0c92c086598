// What the scripts of a page share: when to begin, how to speak, how to tell the server.

/** Call back with the page, and later with each fragment that htmx puts into it. */
export function ready(callback) {
  callback(document.body);
  window.htmx.onLoad((fragment) => callback(fragment));
}

/** Tell those who listen to the page; every call is heard, also the same words again. */
export function announce(text) {
  const region = document.getElementById("announcer");
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);
}

/** Show a notice above the page. */
export function say(text, kind = "info") {
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.dataset.kind = kind;
  const words = document.createElement("div");
  words.textContent = text;
  notice.append(words);
  document.getElementById("flashes").replaceChildren(notice);
}

/** POST fields; returns the answer's HTML, or throws an error with what the server said to show. */
export async function post(url, fields) {
  const headers = { "HX-Request": "true", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content };
  let response;
  try {
    response = await fetch(url, { method: "POST", body: new URLSearchParams(fields), headers, redirect: "follow", keepalive: true });
  } catch {
    throw new Refused(null);
  }
  const goTo = response.headers.get("HX-Redirect");
  if (goTo) { location.href = goTo; throw new Refused(null); }
  const html = await response.text();
  if (!response.ok) throw new Refused(html);
  return html;
}

export class Refused extends Error {
  constructor(html) { super("refused"); this.html = html; }
  show() {
    if (this.html === null) return say(document.body.dataset.wordsAway, "danger");
    const notice = new DOMParser().parseFromString(this.html, "text/html").querySelector(".notice");
    document.getElementById("flashes").replaceChildren(...(notice ? [notice] : []));
  }
}

export const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
