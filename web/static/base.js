// What the server cannot do for any page: copy, theme, local times, dialogs.
const page = (() => {
  "use strict";
  const root = document.documentElement;
  const words = () => document.body.dataset;
  const store = {
    get(key, other) { try { return JSON.parse(localStorage.getItem(key)) ?? other; } catch { return other; } },
    set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* private window */ } },
  };
  // A new part itself is looked at, too.
  const all = (within, selector) => [...(within.matches?.(selector) ? [within] : []), ...within.querySelectorAll(selector)];

  const toast = (text) => {
    const note = document.createElement("div");
    note.className = "toast";
    note.textContent = text;
    document.getElementById("toasts").replaceChildren(note);
    setTimeout(() => note.remove(), 5000);
  };

  // Times: written by the server in UTC, shown in the reader's zone and language.
  // The page has a language, the reader a region too: a date in English is another one in London than in New York.
  const locale = navigator.languages.find((one) => one.split("-")[0] === root.lang) ?? root.lang;
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const zoned = new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
  const formats = { date, moment, zoned, clock };
  const ago = (at, until) => {
    const seconds = Math.round((at - Date.now()) / 1000);
    const size = Math.abs(seconds);
    if (!until && seconds > -5 && seconds < 60) return relative.format(0, "second");
    if (size < 60) return relative.format(seconds, "second");
    if (size < 3600) return relative.format(Math.trunc(seconds / 60), "minute");
    if (size < (until ? 345600 : 86400)) return relative.format(Math.trunc(seconds / 3600), "hour");
    return size < 86400 * 7 || until ? relative.format(Math.trunc(seconds / 86400), "day") : date.format(at);
  };
  const showTime = (time) => {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) return;
    const style = time.dataset.style;
    const isToday = at.toDateString() === new Date().toDateString();
    const format = style === "since" ? (isToday ? clock : moment) : formats[style];
    time.textContent = format ? format.format(at) : ago(at, style === "until");
    time.title = full.format(at);
  };
  const showTimes = (within) => all(within, "time[datetime]").forEach(showTime);
  setInterval(() => { if (!document.hidden) document.querySelectorAll("time[data-style=ago]").forEach(showTime); }, 5000);

  // The next part of a list is fetched before its end comes into view.
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { near.unobserve(entry.target); htmx.trigger(entry.target, "near"); }
  }, { rootMargin: "900px" });

  // A dialog gives the focus back to what opened it, or to the menu that this stood in.
  let opener = null;
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt.matches?.("[aria-haspopup=dialog]")) opener = event.detail.elt; });
  const giveBack = () => (opener?.closest("details.menu")?.querySelector("summary") ?? opener)?.focus();

  // A page is laid out by whether a card is open beside its list. `:has` would find that out without a script, but with each
  // new row it would style all rows again.
  const panel = document.getElementById("card");
  if (panel) new MutationObserver(() => panel.parentElement.classList.toggle("open", panel.childElementCount > 0)).observe(panel, { childList: true });

  // What was typed and sent comes back with the page, by Back or after a reload; it stands in no address, nor in a log.
  document.addEventListener("htmx:afterRequest", ({ detail: { elt } }) => {
    const field = elt.querySelector?.("[data-kept]");
    if (field) history.replaceState({ ...history.state, [field.id]: { by: field.dataset.kept, text: field.value } }, "");
  });
  const restore = (field) => {
    const kept = history.state?.[field.id];
    if (field.value || !kept || kept.by !== field.dataset.kept) return; // somebody else signed in meanwhile
    field.value = kept.text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // What is to be done with each part of a page once it is there; other files add to it.
  const prepares = [
    showTimes,
    (within) => all(within, "[data-kept]").forEach(restore),
    (within) => all(within, "[data-near]").forEach((end) => near.observe(end)),
    (within) => all(within, ".nav [aria-current], .tabs [aria-current]").forEach((here) => here.scrollIntoView({ inline: "nearest", block: "nearest" })),
    (within) => {
      for (const dialog of all(within, "dialog[data-open]")) {
        if (dialog.open) continue;
        dialog.addEventListener("close", () => { dialog.remove(); giveBack(); });
        dialog.showModal();
        (dialog.querySelector("[autofocus]") ?? dialog).focus();
      }
    },
  ];
  const prepare = (within) => prepares.forEach((each) => each(within));

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
    toast(words().copied.replace("{what}", target.dataset.what ?? text));
  };

  // A press on `selector` that means this page: with Ctrl, Shift or the command key the browser opens a tab instead.
  const onPress = (selector, act) => document.addEventListener("click", (event) => {
    const target = event.target.closest(selector);
    if (target && !event.ctrlKey && !event.metaKey && !event.shiftKey) act(target, event);
  });
  onPress("[data-copy]", copy);
  onPress("[data-close]", (target) => target.closest("dialog").close());
  // The other colours first, then these, then again as the system has them.
  onPress("[data-theme-switch]", ({ dataset }) => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const order = ["", system === "dark" ? "light" : "dark", system];
    const chosen = order[(order.indexOf(root.dataset.theme ?? "") + 1) % order.length];
    if (chosen) root.dataset.theme = chosen; else delete root.dataset.theme;
    store.set("theme", chosen);
    toast(dataset[chosen || "system"]);
  });
  const openMenu = () => document.querySelector("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target) || event.target.closest(".menu-items")) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && openMenu();
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopImmediatePropagation();
  });

  // A page left untouched for two minutes asks a third as often; the first touch asks at once.
  const QUIET_AFTER = 120000;
  const wakes = [];
  let touched = Date.now();
  const isQuiet = () => Date.now() - touched > QUIET_AFTER;
  const pause = () => (isQuiet() ? 15000 : 5000);
  const touch = () => {
    const wasQuiet = isQuiet();
    touched = Date.now();
    if (wasQuiet) wakes.forEach((wake) => wake());
  };
  for (const kind of ["pointermove", "pointerdown", "keydown", "scroll", "focus"]) addEventListener(kind, touch, { passive: true, capture: true });
  const polled = {};
  const isTooSoon = (elt) => isQuiet() && Date.now() - (polled[elt.id] ?? 0) < 29000;

  // Nothing is asked for while nobody looks, nor drawn anew under an open menu or dialog; a dialog that is there is not asked for again.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    const isUnseen = elt.matches?.("[data-poll]") && (document.hidden || isTooSoon(elt) || elt.querySelector("details.menu[open]") || document.querySelector("dialog[open]"));
    if (!isUnseen) polled[elt.id] = Date.now();
    if (isUnseen || (elt.matches?.("[aria-haspopup=dialog]") && document.querySelector("#dialog dialog"))) event.preventDefault();
  });
  document.addEventListener("notice", (event) => toast(event.detail.value));
  // A dialog's answer that is drawn elsewhere has done its work.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const dialog = event.detail.requestConfig.elt.closest?.("dialog");
    if (dialog && event.detail.shouldSwap && event.detail.target.id !== "dialog") dialog.close();
  });
  // What comes in place of the part with the focus takes it over: a screen reader says where one is, keys go on from here.
  document.addEventListener("htmx:afterSettle", ({ detail: { target, requestConfig } }) => {
    if (document.activeElement !== document.body || requestConfig.elt.closest("[data-poll]")) return;
    const part = ["main", "credentials", "gone"].includes(target.id) && document.getElementById(target.id);
    const arrival = part && (part.querySelector("[data-arrival]") ?? part.querySelector("h1, h2"));
    if (arrival) { arrival.tabIndex = -1; arrival.focus({ preventScroll: true }); }
  });
  document.addEventListener("close-dialog", () => document.querySelector("#dialog dialog")?.close());
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  // A search that is typed or chosen before the scripts run is sent as soon as they do: no event tells of it.
  const isChanged = (field) => {
    if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
    return field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  };
  const sendEarlier = () => {
    for (const form of document.querySelectorAll("form[role=search], form#log")) {
      if ([...form.querySelectorAll("input, select, textarea")].some(isChanged)) form.requestSubmit();
    }
  };
  document.addEventListener("DOMContentLoaded", () => { prepare(document); sendEarlier(); });
  return { locale, store, toast, words, prepare, prepares, onPress, all, pause, wakes };
})();
