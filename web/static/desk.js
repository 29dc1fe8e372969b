// What an agent keeps (favourites, recents), a search that fails, and the place in the list to which Back returns.
(() => {
  "use strict";
  const filters = document.getElementById("filters");
  const list = () => document.getElementById("people");
  const ask = () => document.body.dispatchEvent(new Event("people-changed"));

  // One of the two lists at a time; a change of a star draws the list of favourites again.
  filters.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-kept-list]") || !target.checked) return;
    for (const other of filters.querySelectorAll("[data-kept-list]")) if (other !== target) other.checked = false;
  }, true);
  document.addEventListener("favourites-changed", () => {
    if (filters.querySelector("[data-kept-list]:checked")) setTimeout(ask);
  });

  // Favourites that this browser kept before they were kept for the person: taken over once.
  const takeOver = async () => {
    const ids = page.store.get("favourites", []);
    if (!Array.isArray(ids) || !ids.length) return;
    try {
      await htmx.ajax("POST", "/contacts/import", { values: { ids: ids.join(",") }, swap: "none", source: list() });
    } catch { return; }
    if (taken) localStorage.removeItem("favourites");
  };
  let taken = false;
  document.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.pathInfo?.requestPath === "/contacts/import") taken = detail.successful; });

  // A search without an answer: the people of another question do not stay under it.
  const asked = (form) => [...form].filter(([name, value]) => value && name !== "groups_of").map((pair) => pair.join("=")).sort().join("&");
  const isSearch = ({ target, requestConfig }) => target?.id === "people" && requestConfig.path.startsWith("/contacts/list");
  let answered = asked(new FormData(filters));
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (isSearch(detail) && detail.elt.id === "people") answered = asked(detail.requestConfig.formData); // once per answer
  });
  const fail = ({ detail }) => {
    if (!isSearch(detail) || asked(detail.requestConfig.formData) === answered) return;
    const said = document.getElementById("list-failed").content.cloneNode(true);
    const words = said.querySelector("p");
    if (!navigator.onLine) words.textContent = words.dataset.offline;
    const isHeld = list().contains(document.activeElement);
    list().replaceChildren(said);
    if (isHeld) list().querySelector("button").focus();
    document.getElementById("count").textContent = "";
    document.getElementById("shortcuts").replaceChildren();
    answered = null;
  };
  document.addEventListener("htmx:responseError", fail);
  document.addEventListener("htmx:sendError", fail);
  document.addEventListener("htmx:timeout", fail);
  page.onPress("[data-search-again]", ask);

  // A card that changed is drawn again, but not over a note that is being written; the focus stays.
  let held = null;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target } = event.detail;
    if (target.id !== "card") return;
    const isWritten = [...target.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue);
    if (isWritten) event.detail.shouldSwap = false;
    held = target.contains(document.activeElement) ? document.activeElement.id || "card-name" : null;
  });
  document.addEventListener("htmx:oobAfterSwap", ({ detail: { target } }) => {
    if (target.id === "card" && held && document.activeElement === document.body) document.getElementById(held)?.focus({ preventScroll: true });
  });

  // The place in the list is kept in the history entry: Back, and a reload, draw as many people and scroll there.
  const PART = 40;
  const MOST = 960; // people of one request
  const parts = () => list().querySelectorAll(".part");
  const drawn = () => parts().length * PART;
  let waiting = null;
  const keep = () => {
    waiting = null;
    history.replaceState({ ...history.state, place: { people: drawn(), y: Math.round(scrollY) } }, "");
  };
  addEventListener("scroll", () => { waiting ??= setTimeout(keep, 200); }, { passive: true });
  const draw = async (people) => {
    const values = { ...Object.fromEntries(new FormData(filters)), people: Math.min(people, MOST) };
    await htmx.ajax("GET", "/contacts/list", { values, source: list(), target: "#people", swap: "outerHTML" });
    let more = list().querySelector(".more");
    while (more && drawn() < people) {
      const further = { people: Math.min(people - drawn(), MOST) };
      await htmx.ajax("GET", more.getAttribute("hx-get"), { values: further, source: more, target: more, swap: "outerHTML" });
      if (more.isConnected) return; // no answer
      more = list().querySelector(".more");
    }
  };
  const comeBack = async () => {
    const place = history.state?.place;
    if (!place?.y) return;
    history.scrollRestoration = "manual";
    try { if (place.people > PART) await draw(place.people); } catch { return; }
    scrollTo(0, place.y);
    history.scrollRestoration = "auto";
  };

  // Of a long list, parts far from the screen leave the document, as text, and come back before they are seen: the memory
  // of a page that is open all day depends on what is near. A search of the browser, and paper, have all of them.
  const KEPT = 20;
  const AT_ONCE = 8; // parts that leave in one task, so that no frame is late
  const away = new WeakMap();
  let isWhole = false;
  const fill = (part) => {
    if (!away.has(part)) return;
    part.innerHTML = away.get(part);
    away.delete(part);
    part.style.height = "";
    const open = document.querySelector("#card .card")?.dataset.card;
    for (const person of part.querySelectorAll(".person")) {
      if (person.dataset.person === open) person.setAttribute("aria-current", "true"); else person.removeAttribute("aria-current");
    }
  };
  const fillAll = () => { isWhole = true; parts().forEach(fill); };
  const clear = () => {
    clearing = null;
    const full = [...parts()].filter((part) => !away.has(part));
    if (isWhole || full.length <= KEPT) return;
    const distance = (part) => { const { top, bottom } = part.getBoundingClientRect(); return Math.max(top - innerHeight, -bottom, 0); };
    const far = full.map((part) => ({ part, by: distance(part), height: part.offsetHeight })).sort((one, other) => other.by - one.by);
    const going = far.slice(0, full.length - KEPT).filter(({ part }) => !part.contains(document.activeElement));
    for (const { part, height } of going.slice(0, AT_ONCE)) {
      part.style.height = `${height}px`;
      away.set(part, part.innerHTML);
      part.replaceChildren();
    }
    if (going.length > AT_ONCE) clearing = setTimeout(clear, 50);
  };
  let clearing = null; // once scrolling pauses
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) fill(target);
    clearTimeout(clearing);
    clearing = setTimeout(clear, 200);
  }, { rootMargin: "1800px" });
  page.prepares.push((within) => page.all(within, ".part").forEach((part) => seen.observe(part)));
  document.addEventListener("htmx:afterSwap", ({ detail }) => { if (detail.target?.id === "people") isWhole = false; });
  addEventListener("beforeprint", fillAll);
  document.addEventListener("keydown", ({ key, ctrlKey, metaKey }) => {
    if (key === "F3" || ((ctrlKey || metaKey) && key.toLowerCase() === "f")) fillAll();
    else if (key === "Home") fill(parts()[0]); // the rows to which these keys go
    else if (key === "End") fill([...parts()].at(-1));
  }, true);

  document.addEventListener("DOMContentLoaded", () => { takeOver(); comeBack(); });
})();
