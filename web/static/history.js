// Call history: a person's card opens beside the results.
(() => {
  "use strict";
  const card = document.getElementById("card");
  let opener = null;
  const open = async (link) => {
    opener = link;
    const id = link.dataset.person;
    try {
      await htmx.ajax("GET", "/contacts/person", { values: { id }, source: card, target: card, swap: "innerHTML" });
    } catch { /* another person was asked for, or the network is gone */ }
    if (card.querySelector(".card")?.dataset.card === id) document.getElementById("card-name").focus();
    else if (!navigator.onLine) page.toast(card.dataset.offline);
  };
  const close = () => {
    if (!card.firstElementChild) return false;
    card.replaceChildren();
    card.parentElement.classList.remove("open");
    if (opener?.isConnected) opener.focus(); else document.getElementById("numbers").focus();
    return true;
  };
  page.onPress(".match", (link, event) => { event.preventDefault(); open(link); });
  page.onPress("[data-dismiss]", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]") && close()) event.preventDefault();
  });
})();
