// The Organisation page: a person's card, the keyboard, presence and people that change while it is open.
(() => {
  "use strict";
  // The server stops a search when it gets a newer one of this page.
  const thisPage = Math.random().toString(36).slice(2);
  let searches = 0;
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.id === "filters") detail.headers["X-Search"] = `${thisPage}.${searches += 1}`;
    if (detail.triggeringEvent?.type === "people-changed") detail.formData.delete("groups_of"); // new groups, too
  });

  // A person's card opens beside the list. The address follows, so that it can be shared and survives a sign-in, and the
  // browser's Back closes the card, as it covers the list on a phone.
  const card = document.getElementById("card");
  const markOpen = (open = card.querySelector(".card")?.dataset.card) => {
    document.querySelectorAll(".person[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
    if (open) document.querySelector(`.person[data-person="${open}"]`)?.setAttribute("aria-current", "true");
  };
  const address = (person) => {
    const here = new URL(location.href);
    if (person) here.searchParams.set("person", person); else here.searchParams.delete("person");
    return here;
  };
  let asked = 0;
  const show = async (person, search = "") => {
    const turn = asked += 1;
    markOpen(person);
    try {
      const values = search ? { id: person, q: search } : { id: person };
      await htmx.ajax("GET", "/contacts/person", { values, source: card, target: card, swap: "innerHTML" });
    } catch { /* another person was asked for, or the network is gone */ }
    if (turn !== asked) return false;
    markOpen();
    if (card.querySelector(".card")?.dataset.card !== person) {
      if (!navigator.onLine) page.toast(card.dataset.offline);
      return false;
    }
    document.getElementById("card-name").focus();
    return true;
  };
  const openCard = async (person) => {
    const isFirst = !card.firstElementChild;
    if (!await show(person, document.querySelector("[data-search]").value)) return;
    if (isFirst) history.pushState({ opened: true }, "", address(person)); else history.replaceState(history.state, "", address(person));
  };
  const clear = () => {
    const person = document.querySelector(".person[aria-current=true]");
    card.replaceChildren();
    card.parentElement.classList.remove("open"); // now, not when the observer is told: a hidden row takes no focus
    markOpen();
    (person ?? document.querySelector("[data-search]")).focus();
  };
  const closeCard = () => {
    if (!card.firstElementChild) return false;
    if (history.state?.opened) history.back();
    else { clear(); history.replaceState(history.state, "", address()); }
    return true;
  };
  addEventListener("popstate", () => {
    const person = new URL(location.href).searchParams.get("person");
    if (person) show(person); else if (card.firstElementChild) clear();
  });
  page.onPress("[data-dismiss]", closeCard);
  page.onPress(".person", (person, event) => { event.preventDefault(); openCard(person.dataset.person); });

  let listed = document.querySelector("[data-search]").defaultValue; // more can be typed before this script runs
  let opensFirst = false;
  const openFirst = () => {
    const first = document.querySelector(".people .person");
    if (first) openCard(first.dataset.person);
  };

  // A key after a pause is sent at once; of keys that follow each other quickly, the last one sends them all.
  const PAUSE = 50;
  let lastKey = -PAUSE;
  let sending = null;
  let sent = document.querySelector("[data-search]").value.trim();
  document.addEventListener("input", ({ target, timeStamp }) => {
    if (!target.matches("[data-search]")) return;
    const send = () => {
      if (target.value.trim() === sent) return; // a space asks for the same people
      sent = target.value.trim();
      target.dispatchEvent(new Event("typed", { bubbles: true }));
    };
    clearTimeout(sending);
    if (timeStamp - lastKey < PAUSE) sending = setTimeout(send, PAUSE); else send();
    lastKey = timeStamp;
  });

  const sendSearch = (search) => search.dispatchEvent(new Event("input", { bubbles: true }));
  page.onPress("[data-clear]", (_, event) => {
    event.preventDefault();
    const search = document.querySelector("[data-search]");
    search.value = "";
    sendSearch(search);
    search.focus();
  });

  // Keyboard on the Organisation page: / or a letter to search, arrows through people, Enter opens, Escape closes.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    const search = document.querySelector("[data-search]");
    if (event.key === "Escape") {
      if (document.querySelector("dialog[open]")) return;
      if (closeCard()) { event.preventDefault(); return; }
      if (event.target === search && search.value) { event.preventDefault(); search.value = ""; sendSearch(search); }
      return;
    }
    if (!search || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const isWhole = event.target === search && search.selectionEnd - search.selectionStart === search.value.length;
    if (event.key === "/" && (!typing || isWhole)) { event.preventDefault(); search.focus(); search.select(); return; }
    // A letter that no field has goes to the search: from the list it goes on with what is there, from elsewhere it starts over.
    if (!typing && /^[\p{L}\p{N}+]$/u.test(event.key)) {
      search.focus();
      if (event.target.closest(".people")) search.setSelectionRange(search.value.length, search.value.length); else search.select();
      return;
    }
    if (event.key === "Enter" && event.target === search) {
      // Whom the list shows already is opened at once; otherwise the form is sent, and the first of its answer is meant.
      if (search.value !== listed) { opensFirst = true; return; }
      event.preventDefault();
      openFirst();
      return;
    }
    if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key) || (typing && (event.target !== search || event.key.length < 5))) return;
    const people = [...document.querySelectorAll(".people .person")];
    const here = people.indexOf(document.activeElement.closest(".person") ?? document.querySelector(".person[aria-current]"));
    if (here < 0 && event.key !== "ArrowDown") return;
    event.preventDefault();
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: people.length - 1 }[event.key];
    (next < 0 ? search : people[next])?.focus();
  });

  // The address has what is searched for: a reload or a sign-in returns to it. While an agent types, it is written after a
  // pause, because the browser takes several milliseconds for a new address.
  const REMEMBERED_AFTER = 100;
  let remembering = null;
  const remember = () => {
    const here = address(new URL(location.href).searchParams.get("person"));
    for (const [name, value] of new FormData(document.getElementById("filters"))) {
      if (value && name !== "groups_of") here.searchParams.set(name, value); else here.searchParams.delete(name);
    }
    for (const kept of document.querySelectorAll("[data-kept-list]:not(:checked)")) here.searchParams.delete(kept.name);
    if (!document.getElementById("group")) here.searchParams.delete("group");
    if (here.href !== location.href) history.replaceState(history.state, "", here);
  };
  page.remember = remember;
  const rememberNow = () => {
    clearTimeout(remembering);
    if (remembering) remember();
    remembering = null;
  };
  const rememberSoon = () => {
    clearTimeout(remembering);
    remembering = setTimeout(rememberNow, REMEMBERED_AFTER);
  };
  document.addEventListener("click", rememberNow, true); // a link leaves this address in the history

  // A company of the picker: the form then asks for its people.
  page.onPress("[data-company]", (company, event) => {
    event.preventDefault();
    const picker = company.closest(".picker");
    const field = document.getElementById("directory");
    field.value = company.dataset.company;
    picker.querySelector("[data-company-name]").textContent = company.textContent;
    picker.open = false;
    picker.querySelector("summary").focus();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("toggle", ({ target }) => { if (target.open && target.matches(".picker")) target.querySelector("input").focus(); }, true);

  // A letter: the list begins with the people of this letter, until something is searched for or filtered.
  const from = document.getElementById("from");
  page.onPress("[data-letter]", ({ dataset }, event) => {
    event.preventDefault();
    from.value = dataset.letter;
    document.body.dispatchEvent(new Event("people-changed"));
    scrollTo(0, 0);
  });
  for (const kind of ["input", "change"]) from.form.addEventListener(kind, () => { from.value = ""; }, true);

  // A new list keeps the focus and the mark of the open card.
  let held = null;
  const isList = ({ detail }) => detail.target?.id === "people" && detail.requestConfig.path !== "/contacts/presence"; // that answer has single rows
  const isNewList = (event) => isList(event) && event.detail.elt.id === "people"; // each part of an answer has an event
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isList(event)) return;
    const at = document.activeElement;
    held = at.closest("#people, #shortcuts") && { person: at.closest("[role=listitem]")?.querySelector(".person")?.dataset.person, kind: at.className };
    // htmx would dispatch two events for each of the elements that it removes, 1,200 for 40 people.
    if (event.detail.shouldSwap) event.detail.target.replaceChildren();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!isNewList(event)) return;
    listed = event.detail.requestConfig.formData.get("q") ?? "";
    if (event.detail.requestConfig.triggeringEvent?.type === "typed") rememberSoon(); else remember();
    markOpen();
    if (opensFirst) { opensFirst = false; rememberNow(); openFirst(); return; }
    if (!held || document.activeElement !== document.body) return;
    const row = document.querySelector(`.person[data-person="${held.person}"]`);
    (row ?? document.querySelector(".people .person") ?? document.querySelector("[data-search]")).focus();
    row?.parentElement.getElementsByClassName(held.kind)[0]?.focus(); // a button of a row can be seen once the row has the focus
  });

  // Presence of the people on screen, asked for every few seconds; the answer names only those who changed.
  // By parts first: to ask for the place of a row in a part far away would have it laid out.
  const isInView = (element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom >= 0 && top <= innerHeight;
  };
  const onScreen = () => {
    const near = [...document.querySelectorAll(".part")].filter(isInView);
    const rows = near.flatMap((part) => [...part.children].filter(isInView));
    const people = rows.flatMap((row) => [...row.querySelectorAll(".person[data-object]")]);
    return people.slice(0, 60).map((person) => `${person.dataset.person}~${person.dataset.object}~${person.querySelector(".state").dataset.mark}`);
  };
  let next = null;
  const follow = async () => {
    clearTimeout(next);
    next = null;
    const list = document.getElementById("people");
    if (list && !document.hidden && navigator.onLine) {
      const card = document.querySelector(".card[data-card]");
      const values = { shown: onScreen().join(","), list: list.dataset.mark, directory: document.getElementById("directory")?.value ?? "" };
      if (card) values.card = `${card.dataset.card}~${card.querySelector(".card-presence")?.dataset.mark ?? ""}~${card.dataset.content}`;
      try { await htmx.ajax("POST", "/contacts/presence", { values, swap: "none", source: list }); } catch { /* said by the offline bar */ }
    }
    clearTimeout(next);
    next = setTimeout(follow, page.pause());
  };
  // A page that is looked at again is asked for at once; one that nobody sees asks for nothing.
  document.addEventListener("visibilitychange", () => { if (!document.hidden && next) follow(); });
  page.wakes.push(() => { if (!document.hidden && next) follow(); });
  // Somebody came or went: at the top of the list it is drawn anew, further down a reader is not disturbed.
  document.addEventListener("list-outdated", () => {
    if (scrollY < innerHeight) document.body.dispatchEvent(new Event("people-changed"));
    else document.getElementById("people").dataset.outdated = "";
  });
  addEventListener("scroll", () => {
    const list = document.getElementById("people");
    if (list?.dataset.outdated !== undefined && scrollY < 100) { delete list.dataset.outdated; document.body.dispatchEvent(new Event("people-changed")); }
  }, { passive: true });

  document.addEventListener("DOMContentLoaded", () => {
    markOpen();
    next = setTimeout(follow, page.pause());
    // Agents type at once; a phone would show its keyboard, a frame would take the focus from the page around it.
    const isDesk = window.parent === window && matchMedia("(min-width: 901px) and (hover: hover)").matches;
    const search = document.querySelector("[data-search]");
    if (isDesk && document.activeElement === document.body && !card.firstElementChild && !history.state?.place?.y) {
      search.focus({ preventScroll: true });
      search.select();
    }
  });
})();
