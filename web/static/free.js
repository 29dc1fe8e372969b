// Who is free on the Organisation page: the list of free people, stand-ins and the reporting line, and "tell me when free".
(() => {
  "use strict";
  const EVERY = 5000;
  const ROUNDS = { list: 2, none: 6 }; // the list is asked for every 10 seconds, stand-ins where there were none every 30
  const words = () => document.getElementById("card").dataset;
  const filters = () => document.getElementById("filters");
  const list = () => document.getElementById("people");
  const team = () => document.querySelector("#card .team");
  const isOff = () => !navigator.onLine;

  // --- the list of free people: rows come, go and move under a reader who keeps the place, the focus and the open card
  const PART = 40;
  const MOST = 240; // people at the top whose rows come and go; of those further down, only the statuses follow
  const rowOf = (item) => item.querySelector(".person")?.dataset.person;
  const itemsOf = (within) => [...within.querySelectorAll("[role=listitem]")].filter(rowOf);
  const isHeld = (item) => item.contains(document.activeElement) || item.matches(":hover") || item.querySelector("[aria-current=true]")
    || (!getSelection().isCollapsed && getSelection().containsNode(item, true));
  const update = (item, fresh) => {
    const [state, other] = [item, fresh].map((one) => one.querySelector(".person .state"));
    if (!state || !other || state.dataset.mark === other.dataset.mark) return;
    item.querySelector(".person .presence").className = fresh.querySelector(".person .presence").className;
    state.replaceWith(other);
  };
  // Return the most rows that can stay where they are: the longest run of rows that is in the same order in both lists.
  const staying = (shown, fresh) => {
    const ranks = new Map([...fresh.keys()].map((key, rank) => [key, rank]));
    const runs = [];
    let best = null;
    for (const item of shown) {
      const rank = ranks.get(rowOf(item));
      if (rank === undefined) continue;
      let before = null;
      for (const run of runs) if (run.rank < rank && run.length > (before?.length ?? 0)) before = run;
      const run = { item, rank, before, length: 1 + (before?.length ?? 0) };
      runs.push(run);
      if (run.length > (best?.length ?? 0)) best = run;
    }
    const stay = new Set();
    for (; best; best = best.before) stay.add(best.item);
    return stay;
  };
  // Return the rows in their new order, and remove those whose people left the list. A row in use that would move or go
  // stays after the row that it followed, so that it does not leave its reader.
  const reorder = (shown, fresh) => {
    const there = new Map(shown.map((item) => [rowOf(item), item]));
    const stay = staying(shown, fresh);
    const pinned = new Map();
    let after = null;
    for (const item of shown) {
      if (stay.has(item)) after = item;
      else if (isHeld(item)) pinned.set(item, after);
      else if (!fresh.has(rowOf(item))) item.remove();
    }
    const order = [...fresh].map(([key, row]) => there.get(key) ?? row).filter((item) => !pinned.has(item));
    for (const [item, after] of [...pinned].reverse()) order.splice(order.indexOf(after) + 1, 0, item);
    for (const [key, row] of fresh) if (there.has(key)) update(there.get(key), row);
    return order;
  };
  const place = (order, first) => {
    const shown = itemsOf(list()), moved = new Set();
    let at = 0, last = null;
    for (const item of order) {
      while (moved.has(shown[at])) at += 1;
      if (shown[at] !== item && shown.includes(item) && isHeld(item)) {
        while (shown[at] !== item) { moved.add(shown[at]); at += 1; } // those before it move, as it must not
      }
      if (shown[at] === item) at += 1;
      else {
        const isNew = !item.isConnected;
        if (shown[at]) shown[at].before(item); else if (last) last.after(item); else first.prepend(item);
        moved.add(item);
        if (isNew) htmx.process(item);
      }
      last = item;
    }
  };
  // `isWhole`: the answer has everyone who is free, or at least as many people as are drawn.
  const merge = (first, fresh, isWhole) => {
    const shown = itemsOf(list());
    const end = isWhole ? shown.length : 1 + shown.findLastIndex((item) => fresh.has(rowOf(item)));
    place(reorder(shown.slice(0, end), fresh), first);
    for (const part of list().querySelectorAll(".part:empty")) part.remove();
  };
  const keepPlace = (change) => {
    const anchor = itemsOf(list()).find((item) => item.getBoundingClientRect().top >= 0 && isHeld(item)) ?? itemsOf(list()).find((item) => item.getBoundingClientRect().top >= 0);
    const top = anchor?.getBoundingClientRect().top;
    document.documentElement.classList.add("no-anchor");
    change();
    if (anchor?.isConnected && scrollY > 0) scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
    requestAnimationFrame(() => requestAnimationFrame(() => document.documentElement.classList.remove("no-anchor")));
  };
  // The link to further people goes on after the last row of the answer.
  const replaceMore = (fresh) => {
    const [more, other] = [list(), fresh].map((one) => one.querySelector(".more"));
    if (more?.matches(".htmx-request")) return;
    more?.remove();
    if (other) { list().append(other); htmx.process(other); page.prepare(other); }
  };
  const followList = async () => {
    const drawn = itemsOf(list()).length;
    // Of a list that was read far down, the first parts are out of the document: nothing above is drawn to follow.
    if ([...list().querySelectorAll(".part")].slice(0, MOST / PART).some((part) => !part.firstElementChild)) return;
    const asked = new URLSearchParams(new FormData(filters()));
    const people = Math.min(MOST, Math.max(PART, Math.ceil(drawn / PART) * PART));
    const answer = await fetch(`/contacts/list?${asked}&people=${people}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok || String(new URLSearchParams(new FormData(filters()))) !== String(asked)) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (itemsOf(list()).length !== drawn) return; // more people came in between
    const [first, part] = [list().querySelector(".part"), fresh.querySelector("#people .part")];
    if (!first && !part) return;
    if (!first || !part) { document.body.dispatchEvent(new Event("people-changed")); return; } // no one was free, or is
    const rows = new Map(itemsOf(fresh).map((item) => [rowOf(item), item]));
    const isAll = !fresh.querySelector("#people .more");
    const isWhole = isAll || drawn <= people;
    keepPlace(() => merge(first, rows, isWhole));
    if (!isWhole) return;
    replaceMore(fresh);
    const [count, other] = [document.getElementById("count"), fresh.getElementById("count")];
    if (other && count.textContent !== other.textContent) count.textContent = other.textContent;
  };

  // --- people around the open card, and people whom the agent waits for: their statuses
  // In this tab, for the agent who asked: another one may sign in.
  const store = {
    get: () => {
      try {
        const { by, people } = JSON.parse(sessionStorage.getItem("watched"));
        return by === document.body.dataset.person ? people : {};
      } catch { return {}; }
    },
    set: (people) => { try { sessionStorage.setItem("watched", JSON.stringify({ by: document.body.dataset.person, people })); } catch { /* private window */ } },
  };
  const ask = async (of) => {
    const answer = await fetch("/contacts/statuses", { method: "POST", body: new URLSearchParams({ of: of.join(",") }) });
    return answer.ok ? answer.json() : null;
  };
  const showStatuses = (known) => {
    for (const member of document.querySelectorAll("[data-live]")) {
      const status = known[member.dataset.live.split("~")[0]];
      if (!status) continue;
      const dot = member.querySelector(".presence");
      if (dot) dot.className = `presence ${status.state}${status.stale ? " stale" : ""}`;
      const text = member.querySelector(".live-words");
      if (text.textContent !== status.words) text.textContent = status.words;
    }
  };
  let round = 0;
  const checkTeam = (known) => {
    const here = team();
    if (!here?.dataset.team) return;
    const offered = [...here.querySelectorAll(".stand-ins [data-live]")].map((one) => known[one.dataset.live.split("~")[0]]);
    const ready = document.querySelector("#card .card-presence")?.dataset.readiness;
    const changed = ready && (ready !== "free") !== ("wanted" in here.dataset);
    const isOld = offered.some((one) => !one?.free) || ("wanted" in here.dataset && !offered.length && round % ROUNDS.none === 0);
    if (changed || isOld) htmx.trigger(here, "outdated");
  };
  // The team that is drawn again keeps the focus on the same button, or gives it to the first stand-in.
  let held = null;
  const isTeam = ({ detail }) => detail.target?.classList?.contains("team");
  document.addEventListener("htmx:beforeSwap", (event) => {
    const member = isTeam(event) && document.activeElement.closest(".team .member");
    held = member && { key: rowOf(member), at: [...member.children].indexOf(document.activeElement), in: member.parentElement.className };
  });
  let wantsStandIn = false;
  const focusStandIn = () => {
    const here = team();
    if (!here?.dataset.team) { wantsStandIn = Boolean(here); return; }
    wantsStandIn = false;
    (here.querySelector("[data-stand-in-call], [data-no-stand-in]") ?? document.querySelector("#card .quick a"))?.focus();
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    const here = team();
    if (!here || !(isTeam(event) || event.detail.elt.contains?.(here))) return;
    if (wantsStandIn && here.dataset.team) { focusStandIn(); return; }
    if (!held) return;
    const person = here.querySelector(`[class="${held.in}"] .person[data-person="${held.key}"]`);
    (person?.parentElement.children[held.at] ?? here.querySelector("[data-stand-in-call], [data-no-stand-in]") ?? document.getElementById("card-name"))?.focus({ preventScroll: true });
    held = null;
  });
  // The right arrow, with the focus on a person or in the card: to the call button of the best stand-in.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.target.matches("input, textarea, select")) return;
    const person = event.target.closest(".people .person");
    if (!person && !event.target.closest("#card")) return;
    event.preventDefault();
    if (person && document.querySelector("#card .card")?.dataset.card !== person.dataset.person) {
      person.click();
      wantsStandIn = true;
    } else focusStandIn();
  });

  // --- tell me when free: for this tab, until told
  const showWatched = (within) => {
    const buttons = page.all(within, "[data-watch]");
    const watched = buttons.length ? store.get() : {}; // the store takes a millisecond, in each answer
    for (const button of buttons) {
      const ready = document.querySelector("#card .card-presence")?.dataset.readiness;
      const isOn = button.dataset.watch in watched;
      button.hidden = !ready || (ready === "free" && !isOn);
      button.setAttribute("aria-pressed", String(isOn));
      button.querySelector("span").textContent = isOn ? button.dataset.on : button.dataset.off;
    }
  };
  page.prepares.push(showWatched);
  document.addEventListener("htmx:oobAfterSwap", () => showWatched(document));
  const isAllowed = () => "Notification" in window && Notification.permission === "granted";
  page.onPress("[data-watch]", async (button) => {
    const watched = store.get(), { watch, object, name } = button.dataset;
    if (watch in watched) delete watched[watch]; else watched[watch] = { object, name };
    store.set(watched);
    showWatched(document);
    if (!(watch in watched)) return;
    if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
    page.toast((isAllowed() ? words().willTell : words().willTellHere).replace("{name}", name));
  });
  const title = document.title;
  addEventListener("focus", () => { document.title = title; });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) document.title = title; });
  const tell = (key, name) => {
    const text = words().isFree.replace("{name}", name);
    page.toast(text);
    if (document.hidden || !document.hasFocus()) document.title = text;
    if (!isAllowed()) return;
    try {
      const note = new Notification(text, { tag: key });
      note.onclick = () => {
        focus();
        const person = document.querySelector(`.people .person[data-person="${key}"]`);
        if (person) person.click(); else location.assign(`/contacts?person=${encodeURIComponent(key)}`);
        note.close();
      };
    } catch { /* a phone's browser shows notifications of service workers only */ }
  };
  // Who has left, or whose presence is no longer synced, has no status in several answers: the agent waits for nothing.
  const MISSES = 3;
  const checkWatched = (known) => {
    const watched = store.get();
    let isChanged = false;
    for (const [key, person] of Object.entries(watched)) {
      const { name } = person, misses = known[key] ? 0 : (person.misses ?? 0) + 1;
      const isOver = known[key]?.free || misses === MISSES;
      isChanged ||= isOver || misses !== (person.misses ?? 0);
      if (isOver) delete watched[key]; else person.misses = misses;
      if (known[key]?.free) tell(key, name); else if (isOver) page.toast(words().watchEnded.replace("{name}", name));
    }
    if (isChanged) { store.set(watched); showWatched(document); }
  };

  // --- company, department and office: a panel that closes as a menu does
  const facets = document.querySelector(".facets");
  const label = facets.querySelector("[data-facets]");
  facets.addEventListener("change", () => { label.textContent = [...facets.querySelectorAll("input")].map((one) => one.value.trim()).filter(Boolean).join(", ") || label.dataset.label; });
  page.onPress("[data-clear-facets]", () => {
    for (const field of facets.querySelectorAll("input")) field.value = "";
    facets.open = false;
    facets.querySelector("summary").focus();
    label.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("click", (event) => { if (!facets.contains(event.target)) facets.open = false; });
  facets.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) { event.preventDefault(); event.target.dispatchEvent(new Event("change", { bubbles: true })); }
    if (event.key !== "Escape" || !facets.open) return;
    event.stopPropagation();
    facets.open = false;
    facets.querySelector("summary").focus();
  });

  // --- the clock of another time zone
  const showZones = (within) => {
    for (const zone of page.all(within, "[data-zone]")) {
      try {
        const time = new Intl.DateTimeFormat(page.locale, { timeStyle: "short", timeZone: zone.dataset.zone }).format();
        zone.textContent = zone.dataset.pattern.replace("{time}", time);
      } catch { /* a zone that this browser does not know keeps the server's time */ }
    }
  };
  page.prepares.push(showZones);

  let next = null;
  const follow = async (isBack = false) => {
    clearTimeout(next);
    next = null;
    round += 1;
    const watched = Object.entries(store.get()).map(([key, { object }]) => `${key}~${object}`);
    const around = document.hidden ? [] : [...document.querySelectorAll("[data-live]")].map((one) => one.dataset.live);
    try {
      if (!isOff()) {
        const of = [...new Set([...watched, ...around])];
        const known = of.length ? await ask(of) : {};
        if (known) {
          showStatuses(known);
          checkWatched(known);
          if (!document.hidden) checkTeam(known);
        }
        if (!document.hidden && (isBack || round % ROUNDS.list === 0) && list()?.dataset.free) await followList();
      }
    } catch { /* no network, or signed out: the page's own requests say so */ }
    if (!document.hidden) showZones(document);
    // Who is waited for or recommended is asked about as often as ever: a status that is read is at most 15 seconds old.
    const isRecommending = list()?.dataset.free || document.querySelector(".stand-ins [data-live]");
    next = setTimeout(() => follow(), watched.length || isRecommending ? EVERY : page.pause());
  };
  // A page that is looked at again asks for everything at once.
  const wake = () => { if (!document.hidden && next) follow(true); };
  page.wakes.push(wake);
  document.addEventListener("visibilitychange", wake);
  document.addEventListener("DOMContentLoaded", () => { showWatched(document); next = setTimeout(() => follow(), EVERY); });
})();
