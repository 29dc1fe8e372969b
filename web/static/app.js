// What the server cannot do for a page: copy, theme, local times, keyboard, words on a lost connection.
(() => {
  "use strict";
  const root = document.documentElement;
  const words = () => document.body.dataset;
  const store = {
    get(key, other) { try { return JSON.parse(localStorage.getItem(key)) ?? other; } catch { return other; } },
    set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* private window */ } },
  };

  // Theme: the system's, until somebody chooses.
  const theme = store.get("theme", null);
  if (theme) root.dataset.theme = theme;

  const toast = (text) => {
    const box = document.getElementById("toasts");
    const note = document.createElement("div");
    note.className = "toast";
    note.textContent = text;
    box.replaceChildren(note);
    setTimeout(() => note.remove(), 5000);
  };

  const localTimes = (within) => {
    for (const time of within.querySelectorAll("time[datetime]:not([data-local])")) {
      const moment = new Date(time.getAttribute("datetime"));
      if (Number.isNaN(moment.getTime())) continue;
      const today = moment.toDateString() === new Date().toDateString();
      const style = time.dataset.style === "date" ? { dateStyle: "medium" }
        : today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
      time.textContent = new Intl.DateTimeFormat(root.lang, style).format(moment);
      time.title = new Intl.DateTimeFormat(root.lang, { dateStyle: "full", timeStyle: "medium" }).format(moment);
      time.dataset.local = "";
    }
  };

  // Favourites live in this browser only: they are the agent's own.
  const favourites = () => new Set(store.get("favourites", []));
  const showFavourites = (within) => {
    const known = favourites();
    for (const star of within.querySelectorAll("[data-favourite]")) {
      star.setAttribute("aria-pressed", String(known.has(star.dataset.favourite)));
    }
    const field = document.querySelector("[data-favourites-field]");
    if (field) field.value = [...known].join(",");
  };

  const prepare = (within) => {
    localTimes(within);
    showFavourites(within);
    within.querySelectorAll("dialog[data-open]").forEach((dialog) => { if (!dialog.open) dialog.showModal(); });
  };

  document.addEventListener("click", async (event) => {
    const target = event.target.closest("[data-copy],[data-theme-switch],[data-dismiss],[data-favourite],[data-dialog],[data-print]");
    if (!target) return;
    if (target.dataset.copy !== undefined) {
      const source = target.dataset.copy ? document.getElementById(target.dataset.copy) : target.previousElementSibling;
      await navigator.clipboard.writeText((source.dataset.value ?? source.textContent).trim());
      toast(words().copied);
    } else if (target.dataset.themeSwitch !== undefined) {
      const dark = getComputedStyle(root).colorScheme === "dark" || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
      root.dataset.theme = dark ? "light" : "dark";
      store.set("theme", root.dataset.theme);
    } else if (target.dataset.dismiss !== undefined) {
      document.getElementById(target.dataset.dismiss)?.replaceChildren();
      document.querySelector(".person[aria-current=true]")?.focus();
    } else if (target.dataset.dialog !== undefined) {
      document.getElementById(target.dataset.dialog).showModal();
    } else if (target.dataset.favourite !== undefined) {
      const known = favourites();
      known.has(target.dataset.favourite) ? known.delete(target.dataset.favourite) : known.add(target.dataset.favourite);
      store.set("favourites", [...known]);
      showFavourites(document);
    }
  });

  // A box that must be ticked, or a name that must be typed, frees the button it guards.
  document.addEventListener("input", (event) => {
    const guard = event.target.closest("[data-frees]");
    if (!guard) return;
    const free = guard.type === "checkbox" ? guard.checked : guard.value.trim() === guard.dataset.expected;
    const button = document.getElementById(guard.dataset.frees);
    button.toggleAttribute("disabled", !free);
  });

  // Keyboard on the Organisation page: / to search, arrows through people, Enter opens, Escape closes.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, textarea, select");
    const search = document.querySelector("[data-search]");
    if (event.key === "/" && search && !typing) { event.preventDefault(); search.focus(); search.select(); return; }
    if (event.key === "Escape") {
      const close = document.querySelector(".card-panel [data-dismiss]");
      if (close) { event.preventDefault(); close.click(); return; }
      if (event.target === search && search.value) { search.value = ""; search.dispatchEvent(new Event("input", { bubbles: true })); }
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (typing && event.target !== search) return;
    const people = [...document.querySelectorAll(".people .person")];
    if (!people.length) return;
    const at = people.indexOf(document.activeElement);
    const next = event.key === "ArrowDown" ? Math.min(at + 1, people.length - 1) : at - 1;
    event.preventDefault();
    if (next < 0) search?.focus(); else people[next].focus();
  });
  document.addEventListener("click", (event) => {
    const person = event.target.closest(".person");
    if (!person) return;
    document.querySelectorAll(".person[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
    person.setAttribute("aria-current", "true");
  });

  const offline = (is) => { document.querySelector("[data-offline-bar]").hidden = !is; };
  addEventListener("offline", () => offline(true));
  addEventListener("online", () => { offline(false); document.body.dispatchEvent(new Event("back-online")); });
  document.addEventListener("htmx:sendError", () => offline(true));
  document.addEventListener("htmx:afterOnLoad", () => offline(!navigator.onLine));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) { location.assign(`/.auth/login/aad?post_login_redirect_uri=${encodeURIComponent(location.pathname + location.search)}`); return; }
    toast(words().failed);
  });
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.addEventListener("DOMContentLoaded", () => { prepare(document); offline(!navigator.onLine); });
})();
