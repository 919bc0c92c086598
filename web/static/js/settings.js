// Small helps in forms of settings. Without them every field can be filled by hand.
import { ready } from "./page.js";

ready((root) => {
  // The reader's own time zone, where nobody chose one yet.
  for (const select of root.querySelectorAll("select[data-guess-timezone]")) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const option = [...select.options].find((one) => one.value === zone);
    if (option && select.value === "UTC" && !document.querySelector(".notice[role=alert]")) select.value = zone;
  }
  // An address part follows the name until somebody writes one: <input data-slug-of="name">.
  for (const slug of root.querySelectorAll("input[data-slug-of]")) {
    const name = slug.form.elements[slug.dataset.slugOf];
    let ours = slug.value === "" || slug.value === slugOf(name.value);
    slug.addEventListener("input", () => { ours = slug.value === ""; });
    name.addEventListener("input", () => { if (ours) slug.value = slugOf(name.value); });
  }
  // What depends on a box is shown when it is ticked: <div data-shown-by="auto_close">.
  for (const part of root.querySelectorAll("[data-shown-by]")) {
    const box = document.getElementById(part.dataset.shownBy);
    const show = () => { part.hidden = !box.checked && !part.querySelector(".form-error"); };
    box.addEventListener("change", show);
    show();
  }
});

const slugOf = (name) => name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60).replace(/^-+|-+$/g, "");
