// A session that ended while a page was open: the platform answers every request, a script's too, with a redirect to
// Microsoft, which the browser keeps from scripts. The page goes there itself and comes back with what was typed.
(() => {
  "use strict";
  const KEY = "typed";
  const here = () => location.pathname + location.search;
  const isTyped = (field) => {
    if (!field.id && !field.name) return false;
    if (["hidden", "password", "file", "submit", "button"].includes(field.type)) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.value !== field.defaultValue;
  };
  const nameOf = (field) => field.id || [field.form?.getAttribute("action") ?? "", field.name, field.type === "radio" ? field.value : ""].join(" ");
  const all = () => [...document.querySelectorAll("input, textarea, select")];

  // What opened the dialog that is there: it is opened again before its fields are filled in.
  let opener = null;
  const opens = (elt) => elt.getAttribute("hx-get") ?? elt.getAttribute("href");
  document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => { if (elt.matches?.("[aria-haspopup=dialog]")) opener = opens(elt); });

  let looking = null;
  let isTold = false;
  const leave = () => {
    // A token that is shown only once would go with the page: the person saves it first.
    const box = document.querySelector("[data-unsaved]:not(:checked)");
    if (box) {
      if (!isTold) page.toast(box.dataset.signedOut);
      isTold = true;
      looking = null;
      return;
    }
    if (window.parent !== window) page.remember?.(); // in a frame, storage may be blocked: the address has the search
    const fields = Object.fromEntries(all().filter(isTyped).map((field) => [nameOf(field), field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value]));
    const dialog = document.querySelector("#dialog dialog") && opener;
    try { sessionStorage.setItem(KEY, JSON.stringify({ by: page.words().person, at: here(), dialog, fields })); } catch { /* private window */ }
    // Microsoft's sign-in refuses to be framed: a frame goes back to its entrance, which asks in a window.
    location.replace(window.parent === window ? here() : `/embed${location.search}`);
  };
  const hasEnded = async () => {
    try {
      const answer = await fetch(here(), { method: "HEAD", redirect: "manual", cache: "no-store" });
      return answer.type === "opaqueredirect" || answer.status === 401;
    } catch { return false; } // the network is gone
  };
  // Whether the session ended; if so, the page is on its way. Asked by several failures at once, it looks once.
  page.signInAgain = () => {
    looking ??= hasEnded().then((ended) => { if (ended) leave(); else looking = null; return ended; });
    return looking;
  };

  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(KEY)); sessionStorage.removeItem(KEY); } catch { /* private window */ }
  if (kept && (kept.by !== page.words().person || kept.at !== here())) kept = null; // somebody else signed in, or elsewhere
  page.prepares.push((within) => {
    if (!kept) return;
    for (const field of page.all(within, "input, textarea, select")) {
      const value = kept.fields[nameOf(field)];
      if (value === undefined) continue;
      delete kept.fields[nameOf(field)];
      if (typeof value === "boolean") field.checked = value; else field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const { dialog } = kept;
    if (!dialog) return;
    kept.dialog = null;
    [...document.querySelectorAll("[aria-haspopup=dialog]")].find((elt) => opens(elt) === dialog)?.click();
  });
})();
