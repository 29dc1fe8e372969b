// Screen pop: what `/contacts?number=…&pop=1` brought is focused, and the page that embeds this one asks for more by
// messages (docs/embedding.md). A message counts only from the window around this one and from an origin of the setting.
(() => {
  "use strict";
  const list = () => document.getElementById("people");
  const search = document.querySelector("[data-search]");
  const allowed = (document.body.dataset.embedders ?? "").split(" ").filter(Boolean);
  const isFramed = window.parent !== window && allowed.length > 0;

  // The address becomes that of the search and the card, so that a reload or a search does not ring again.
  const settle = () => {
    const found = list().dataset;
    if (!found.pop) return;
    const card = document.querySelector("#card .card");
    const here = new URL("/contacts", location.href);
    if (search.value) here.searchParams.set("q", search.value);
    if (card) here.searchParams.set("person", card.dataset.card);
    history.replaceState(null, "", here);
    if (card) document.getElementById("card-name").focus();
    else (found.pop === "choice" ? document.querySelector(".people .person") : search)?.focus();
  };
  const answer = () => {
    const { pop, number, count } = list().dataset;
    const card = document.querySelector("#card .card");
    const [directoryId, id] = card ? card.dataset.card.split(".") : [];
    const person = card ? { person: { id, directoryId, displayName: document.getElementById("card-name").textContent } } : {};
    return { type: "directories.popped", outcome: pop, number, count: Number(count), ...person };
  };

  // A caller may be anyone: a filter that is set would hide people from the next search without being seen.
  const clearFilters = () => {
    for (const field of search.form.elements) {
      if (field.type === "checkbox") field.checked = false;
      else if (field !== search && field.matches("select, input:not([type=hidden])")) field.value = "";
    }
    document.getElementById("from").value = "";
    for (const label of document.querySelectorAll("[data-facets]")) label.textContent = label.dataset.label;
  };
  const tell = (origin, message) => window.parent.postMessage(message, origin);
  let latest = 0;
  const ring = async ({ number, id }, origin) => {
    const turn = latest += 1;
    const reply = (message) => tell(origin, id === undefined ? message : { ...message, id });
    if (typeof number !== "string" || !number.trim() || number.length > 200) { reply({ type: "directories.error", code: "number_missing" }); return; }
    delete list().dataset.pop;
    delete list().dataset.number;
    try {
      const values = { number, q: number };
      await htmx.ajax("GET", "/contacts/pop", { values, source: list(), target: "#people", swap: "outerHTML" });
    } catch { /* said by the page, and below */ }
    if (turn !== latest) { reply({ type: "directories.error", code: "superseded" }); return; }
    if (list().dataset.number === undefined) { reply({ type: "directories.error", code: "failed" }); return; }
    clearFilters();
    search.value = /[0-9]/.test(list().dataset.number) ? list().dataset.number : "";
    settle();
    reply(answer());
  };
  if (isFramed) addEventListener("message", ({ source, origin, data }) => {
    if (source !== window.parent || !allowed.includes(origin) || data?.type !== "directories.pop") return;
    ring(data, origin);
  });

  document.addEventListener("DOMContentLoaded", () => {
    settle();
    const around = location.ancestorOrigins?.[0];
    if (!isFramed) return;
    for (const origin of allowed) if (!around || around === origin) {
      tell(origin, { type: "directories.ready" });
      if (list().dataset.pop) tell(origin, answer());
    }
  });
})();
