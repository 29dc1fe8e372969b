// The code of a set-up link is behind # in the address: taken into the form, and out of the address and the history.
(() => {
  "use strict";
  const take = () => {
    const code = decodeURIComponent(location.hash.slice(1));
    const form = document.querySelector("[data-setup-start]");
    if (!form || !code.startsWith("extdirlink_")) return;
    history.replaceState(null, "", location.pathname);
    form.querySelector("[name=code]").value = code;
    form.querySelector("[data-setup-field]").hidden = true;
    form.querySelector("[data-setup-ready]").hidden = false;
    form.querySelector("button").focus();
  };
  document.addEventListener("DOMContentLoaded", take);
  addEventListener("hashchange", take);
})();
