// What any page says while it waits, when something fails, and while it is cut off.
(() => {
  "use strict";
  const { words, toast } = page;
  const asksByItself = (elt) => elt.matches?.("[data-poll], #people");

  // Slow: a thin bar once somebody has waited for a third of a second, where what was pressed has no spinner of its own.
  const PATIENCE = 300;
  let awaited = 0;
  let timer = null;
  const show = (is) => { document.getElementById("busy-bar").hidden = !is; };
  const wait = () => { awaited += 1; timer ??= setTimeout(show, PATIENCE, true); };
  const come = (left = awaited - 1) => {
    awaited = Math.max(0, left);
    if (awaited) return;
    clearTimeout(timer);
    timer = null;
    show(false);
  };
  const isSilent = (elt) => asksByItself(elt) || elt.matches?.("[hx-indicator], .more");
  document.addEventListener("htmx:beforeSend", (event) => { if (!isSilent(event.detail.elt)) wait(); });
  document.addEventListener("htmx:afterRequest", (event) => { if (!isSilent(event.detail.elt)) come(); });
  // A browser without the Navigation API shows by itself that a page is coming, as this one does beside the bar.
  window.navigation?.addEventListener("navigate", ({ destination, downloadRequest, sourceElement }) => {
    if (sourceElement?.closest("[data-download]")) return;
    if (!destination.sameDocument && downloadRequest === null && destination.url.startsWith("http")) wait();
  });

  // What htmx does not send, the browser sends once, until its reader comes back to the page or stops it.
  let sent = new WeakSet();
  addEventListener("pageshow", () => { come(0); sent = new WeakSet(); });
  window.navigation?.addEventListener("navigateerror", () => { come(); sent = new WeakSet(); });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.matches("[data-download]")) return; // a file leaves the page as it is
    if (sent.has(event.target)) event.preventDefault();
    sent.add(event.target);
  });

  // Cut off: the network is gone, or what the page asks by itself failed twice in a row. What was drawn stays.
  let failed = 0;
  const bar = document.querySelector("[data-offline-bar]");
  const say = (what) => { bar.hidden = !what; if (what) bar.textContent = what; };
  const askAgain = () => document.body.dispatchEvent(new Event("people-changed"));
  const offline = (is) => say(is ? words().offline : failed > 1 ? words().behind : "");
  addEventListener("offline", () => offline(true));
  addEventListener("online", () => { offline(false); askAgain(); });
  document.addEventListener("htmx:sendError", async () => { if (!navigator.onLine || !await page.signInAgain()) offline(true); });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const wasBehind = failed > 1;
    if (event.detail.xhr.status < 400) failed = 0;
    else if (event.detail.xhr.status >= 500 && asksByItself(event.detail.elt)) failed += 1;
    offline(!navigator.onLine);
    if (wasBehind && !failed) askAgain();
  });

  // Failed: a word about it, and what was drawn and filled in stays.
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, elt, target, requestConfig } = event.detail;
    if (xhr.status === 401) page.signInAgain();
    else if (asksByItself(elt)) { if (xhr.status === 404 && elt.id !== "people") location.reload(); }  // deleted meanwhile: its page says so
    else if (requestConfig.verb === "get" && target?.id === "main") location.assign(requestConfig.path);  // done, but its next page failed: that says so itself
    else if (target?.id !== "people") toast({ 403: words().forbidden, 404: words().gone }[xhr.status] ?? words().failed);
  });
  // A switch or choice that could not be saved goes back to what is saved.
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, (event) => { if (event.detail.elt.matches?.("form[hx-trigger=change]")) event.detail.elt.reset(); });
  }

  // The page of a failure that passes is asked for every few seconds, not by all readers at once, until it can be shown.
  const again = document.querySelector("[data-again]");
  const later = () => setTimeout(comeBack, 5000 + 3000 * Math.random());
  const comeBack = async () => {
    const address = again.dataset.again;
    try {
      const answer = document.hidden ? null : await fetch(address, { method: "HEAD", redirect: "manual" });
      if (answer && answer.status < 500) { location.replace(address); return; }
    } catch { /* the network is gone, too */ }
    later();
  };
  if (again) { again.hidden = false; later(); }

  document.addEventListener("DOMContentLoaded", () => offline(!navigator.onLine));
})();
