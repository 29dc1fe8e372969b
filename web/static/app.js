// What the server cannot do for a page: copy, theme, local times, keyboard, presence that moves, a lost connection.
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
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);

  const toast = (text) => {
    const note = document.createElement("div");
    note.className = "toast";
    note.textContent = text;
    document.getElementById("toasts").replaceChildren(note);
    setTimeout(() => note.remove(), 5000);
  };

  // Times: written by the server in UTC, shown in the reader's zone and language.
  const date = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium" });
  const moment = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short" });
  const full = new Intl.DateTimeFormat(root.lang, { dateStyle: "full", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(root.lang, { numeric: "auto" });
  const ago = (at, until) => {
    const seconds = Math.round((at - Date.now()) / 1000);
    const size = Math.abs(seconds);
    if (!until && seconds > -5 && seconds < 60) return relative.format(0, "second");
    if (size < 60) return relative.format(seconds, "second");
    if (size < 3600) return relative.format(Math.trunc(seconds / 60), "minute");
    if (size < 86400) return relative.format(Math.trunc(seconds / 3600), "hour");
    return size < 86400 * 7 || until ? relative.format(Math.trunc(seconds / 86400), "day") : date.format(at);
  };
  const showTime = (time) => {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) return;
    const style = time.dataset.style;
    time.textContent = style === "date" ? date.format(at) : style === "moment" ? moment.format(at) : ago(at, style === "until");
    time.title = full.format(at);
  };
  const showTimes = (within) => within.querySelectorAll("time[datetime]").forEach(showTime);
  setInterval(() => { if (!document.hidden) document.querySelectorAll("time[data-style=ago]").forEach(showTime); }, 5000);

  // Regions by their names in the reader's language, sorted.
  const nameRegions = (select) => {
    const names = new Intl.DisplayNames(root.lang, { type: "region" });
    const options = [...select.options];
    for (const option of options) option.textContent = `${names.of(option.value)} (${option.dataset.code})`;
    const chosen = select.value;
    options.sort((one, other) => one.textContent.localeCompare(other.textContent, root.lang));
    select.replaceChildren(...options);
    select.value = chosen;
  };

  // Favourites live in this browser only: they are the agent's own.
  const favourites = () => new Set(store.get("favourites", []));
  const showFavourites = (within) => {
    const known = favourites();
    for (const star of within.querySelectorAll("[data-favourite]")) star.setAttribute("aria-pressed", String(known.has(star.dataset.favourite)));
    const field = document.querySelector("[data-favourites-field]");
    if (!field) return;
    field.value = [...known].slice(0, 200).join(",");
    field.disabled = !document.querySelector("[data-favourites-only]").checked;
  };

  // The next part of a list is fetched before its end comes into view.
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { near.unobserve(entry.target); htmx.trigger(entry.target, "near"); }
  }, { rootMargin: "900px" });

  // A box that must be ticked, or a name that must be typed, frees the button it guards.
  const guard = (field) => {
    const free = field.type === "checkbox" ? field.checked : field.value.trim() === field.dataset.expected;
    document.getElementById(field.dataset.frees)?.toggleAttribute("disabled", !free);
  };

  const prepare = (within) => {
    showTimes(within);
    within.querySelectorAll("[data-near]").forEach((end) => near.observe(end));
    showFavourites(within);
    within.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "nearest", block: "nearest" });
    within.querySelectorAll("select[data-regions]").forEach(nameRegions);
    within.querySelectorAll("[data-frees]").forEach(guard);
    for (const dialog of within.querySelectorAll("dialog[data-open]")) {
      if (dialog.open) continue;
      dialog.addEventListener("close", () => dialog.remove());
      dialog.showModal();
      (dialog.querySelector("[autofocus]") ?? dialog).focus();
    }
  };

  const copy = async (target) => {
    const text = document.getElementById(target.dataset.copy).textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    toast(words().copied);
  };

  const closeCard = () => {
    const card = document.getElementById("card");
    if (!card?.firstElementChild) return false;
    const person = document.querySelector(".person[aria-current=true]");
    card.replaceChildren();
    person?.removeAttribute("aria-current");
    (person ?? document.querySelector("[data-search]"))?.focus();
    history.replaceState(history.state, "", withoutPerson());
    return true;
  };
  const withoutPerson = () => {
    const here = new URL(location.href);
    here.searchParams.delete("person");
    return here;
  };

  // A person's card opens beside the list; the address follows, so that it can be shared and survives a sign-in.
  const openCard = async (person) => {
    document.querySelectorAll(".person[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
    person.setAttribute("aria-current", "true");
    const here = withoutPerson();
    here.searchParams.set("person", person.dataset.person);
    await htmx.ajax("GET", `/contacts/person?id=${encodeURIComponent(person.dataset.person)}`, { target: "#card", swap: "innerHTML" });
    history.replaceState(history.state, "", here);
    document.getElementById("card-name")?.focus();
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-copy],[data-theme-switch],[data-dismiss],[data-favourite],[data-close],[data-export],.person");
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target) || event.target.closest(".menu-items")) menu.open = false;
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (target.dataset.copy !== undefined) copy(target);
    else if (target.dataset.close !== undefined) target.closest("dialog").close();
    else if (target.dataset.dismiss !== undefined) closeCard();
    else if (target.dataset.export !== undefined) { event.preventDefault(); exportTo(target); }
    else if (target.dataset.person !== undefined) { event.preventDefault(); openCard(target); }
    else if (target.dataset.themeSwitch !== undefined) {
      root.dataset.theme = isDark() ? "light" : "dark";
      store.set("theme", root.dataset.theme);
    } else if (target.dataset.favourite !== undefined) {
      const known = favourites();
      known.has(target.dataset.favourite) ? known.delete(target.dataset.favourite) : known.add(target.dataset.favourite);
      store.set("favourites", [...known]);
      showFavourites(document);
      if (document.querySelector("[data-favourites-only]")?.checked) document.body.dispatchEvent(new Event("people-changed"));
    }
  });

  document.addEventListener("input", (event) => {
    if (event.target.closest("[data-favourites-only]")) showFavourites(document);
    if (event.target.matches("[data-frees]")) guard(event.target);
  });

  // Keyboard on the Organisation page: / to search, arrows through people, Enter opens, Escape closes.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    const search = document.querySelector("[data-search]");
    if (event.key === "Escape") {
      const menu = document.querySelector("details.menu[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
      if (document.querySelector("dialog[open]")) return;
      if (closeCard()) { event.preventDefault(); return; }
      if (event.target === search && search.value) { event.preventDefault(); search.value = ""; search.dispatchEvent(new Event("input", { bubbles: true })); }
      return;
    }
    if (!search || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "/" && !typing) { event.preventDefault(); search.focus(); search.select(); return; }
    if (event.key === "Enter" && event.target === search) {
      const first = document.querySelector(".people .person");
      if (first) { event.preventDefault(); openCard(first); }
      return;
    }
    if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key) || (typing && (event.target !== search || event.key.length < 5))) return;
    const list = document.getElementById("people");
    const here = document.activeElement.closest(".people > li") ?? document.querySelector(".person[aria-current]")?.closest("li");
    if (event.key === "Home" || event.key === "End") {
      if (!here) return;
      event.preventDefault();
      (event.key === "Home" ? list.querySelector(".person") : [...list.querySelectorAll(".person")].at(-1))?.focus();
      return;
    }
    event.preventDefault();
    const down = event.key === "ArrowDown";
    const next = here ? (down ? here.nextElementSibling : here.previousElementSibling) : down && list.firstElementChild;
    const person = next && next.querySelector(".person");
    if (person) person.focus(); else if (!down) search.focus();
  });

  // A list that is drawn anew keeps the focus and the mark of the open card.
  let focused = null;
  const isList = (event) => event.detail.target?.id === "people";
  document.addEventListener("htmx:beforeSwap", (event) => { if (isList(event)) focused = document.activeElement.dataset?.person ?? null; });
  const markOpen = () => {
    const open = document.querySelector(".card")?.dataset.card;
    if (open) document.querySelector(`.person[data-person="${open}"]`)?.setAttribute("aria-current", "true");
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!isList(event)) return;
    markOpen();
    if (focused) (document.querySelector(`.person[data-person="${focused}"]`) ?? document.querySelector(".people .person") ?? document.querySelector("[data-search]"))?.focus();
  });

  // Presence of the people on screen, asked for every few seconds; the answer names only those who changed.
  const EVERY = 5000;
  const onScreen = () => {
    const shown = [];
    for (const person of document.querySelectorAll(".people .person")) {
      const { top, bottom } = person.getBoundingClientRect();
      if (bottom < 0) continue;
      if (top > innerHeight || shown.length >= 60) break;
      if (person.dataset.object) shown.push(`${person.dataset.person}~${person.dataset.object}~${person.querySelector(".state").dataset.mark}`);
    }
    return shown;
  };
  const follow = async () => {
    const list = document.getElementById("people");
    if (list && !document.hidden && navigator.onLine) {
      const card = document.querySelector(".card[data-card]");
      const values = { shown: onScreen().join(","), list: list.dataset.mark };
      if (card) values.card = `${card.dataset.card}~${card.querySelector(".card-presence")?.dataset.mark ?? ""}`;
      try { await htmx.ajax("POST", "/contacts/presence", { values, swap: "none", source: list }); } catch { /* said by the offline bar */ }
    }
    setTimeout(follow, EVERY);
  };
  // Somebody came or went: at the top of the list it is drawn anew, further down a reader is not disturbed.
  document.addEventListener("list-outdated", () => {
    if (scrollY < innerHeight) document.body.dispatchEvent(new Event("people-changed"));
    else document.getElementById("people").dataset.outdated = "";
  });
  addEventListener("scroll", () => {
    const list = document.getElementById("people");
    if (list?.dataset.outdated !== undefined && scrollY < 100) { delete list.dataset.outdated; document.body.dispatchEvent(new Event("people-changed")); }
  }, { passive: true });

  // An export of many people comes as a stream of lines; the bar follows it.
  const exportTo = async (link) => {
    const box = document.getElementById("export-progress");
    const [bar, line] = [box.querySelector("progress"), box.querySelector("[role=status]")];
    const total = Math.max(1, Number(link.dataset.total));
    const isCsv = link.dataset.name.endsWith(".csv");
    const parts = [];
    let people = 0;
    let next = link.getAttribute("href");
    box.hidden = false;
    bar.value = 0;
    try {
      while (next) {
        const answer = await fetch(next);
        if (!answer.ok) throw new Error(answer.status);
        const text = await answer.text();
        parts.push(text);
        people += isCsv ? text.split("\r\n").length - 1 : text.split("BEGIN:VCARD").length - 1;
        next = /<([^>]+)>;\s*rel="?next/.exec(answer.headers.get("Link") ?? "")?.[1];
        bar.value = Math.min(100, (100 * people) / total);
        line.textContent = line.dataset.words.replace("{count}", Math.min(people, total)).replace("{all}", total);
      }
    } catch { box.hidden = true; toast(words().failed); return; }
    bar.value = 100;
    line.textContent = line.dataset.done;
    const file = URL.createObjectURL(new Blob(parts, { type: isCsv ? "text/csv" : "text/vcard" }));
    Object.assign(document.createElement("a"), { href: file, download: link.dataset.name }).click();
    setTimeout(() => URL.revokeObjectURL(file), 60000);
  };

  const offline = (is) => { document.querySelector("[data-offline-bar]").hidden = !is; };
  addEventListener("offline", () => offline(true));
  addEventListener("online", () => { offline(false); document.body.dispatchEvent(new Event("people-changed")); });
  document.addEventListener("htmx:sendError", () => offline(true));
  document.addEventListener("htmx:beforeOnLoad", () => offline(!navigator.onLine));
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, elt } = event.detail;
    if (xhr.status === 401) location.assign(`/.auth/login/aad?post_login_redirect_uri=${encodeURIComponent(location.pathname + location.search)}`);
    else if (!elt.matches?.("[data-poll], #people")) toast(words().failed);
  });
  // Nothing is asked for while nobody looks, nor drawn anew under an open menu.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt.matches?.("[data-poll]") && (document.hidden || elt.querySelector("details.menu[open]"))) event.preventDefault();
  });
  document.addEventListener("notice", (event) => toast(event.detail.value));
  // A dialog's answer that is drawn elsewhere has done its work.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const dialog = event.detail.requestConfig.elt.closest?.("dialog");
    if (dialog && event.detail.shouldSwap && event.detail.target.id !== "dialog") dialog.close();
  });
  document.addEventListener("close-dialog", () => document.querySelector("#dialog dialog")?.close());
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt.parentElement ?? event.detail.elt));
  document.addEventListener("htmx:oobAfterSwap", (event) => prepare(event.detail.target.parentElement ?? document));
  document.addEventListener("DOMContentLoaded", () => {
    prepare(document);
    offline(!navigator.onLine);
    if (document.getElementById("people")) {
      markOpen();
      setTimeout(follow, EVERY);
    }
  });
})();
