// The entrance of a frame (docs/embedding.md): is the person signed in? If not, a window signs in, and a press in the frame
// asks the browser to send the session cookie from here, too (Storage Access API).
(() => {
  "use strict";
  document.querySelector("[data-close-window]")?.addEventListener("click", () => window.close());
  const steps = [...document.querySelectorAll("[data-step]")];
  if (!steps.length) return;

  let step = "";
  const show = (name) => {
    const isNew = step !== name;
    step = name;
    for (const one of steps) one.hidden = one.dataset.step !== name;
    if (isNew && name !== "looking") document.querySelector(`[data-step=${name}] h1`).focus();
  };
  const allowed = document.body.dataset.embedders.split(" ");
  const around = location.ancestorOrigins?.[0];
  const tell = (message) => {
    if (window.parent === window) return;
    for (const origin of allowed) if (!around || around === origin) window.parent.postMessage(message, origin);
  };

  // What rings before the sign-in is shown after it.
  let query = location.search;
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== window.parent || !allowed.includes(origin) || data?.type !== "directories.pop") return;
    if (typeof data.number === "string" && data.number.trim()) query = `?${new URLSearchParams({ number: data.number.slice(0, 200), pop: 1 })}`;
    tell({ type: "directories.error", code: "signed_out", ...(data.id === undefined ? {} : { id: data.id }) });
  });
  const enter = () => location.replace(`/contacts${query}`);

  // The platform answers those who are not signed in with a redirect to Microsoft, which no script may follow.
  const isSignedIn = async () => {
    try {
      const answer = await fetch("/api/openapi.json", { method: "HEAD", redirect: "manual", cache: "no-store" });
      return answer.type !== "opaqueredirect" && answer.status !== 401;
    } catch { return false; }
  };
  // Resolves without a press if the browser sends the cookie anyway or the person agreed before.
  const hasCookie = async () => {
    try { await document.requestStorageAccess?.(); return true; } catch { return false; }
  };

  const look = async () => {
    await hasCookie();
    if (await isSignedIn()) { enter(); return true; }
    return false;
  };
  // Each press is one question to the browser: the answer may be a prompt.
  const goOn = async () => { if (!await look()) show("refused"); };
  const signIn = (button) => {
    const opened = window.open(button.dataset.signIn, "directories-sign-in", "popup,width=520,height=680");
    show(opened ? "waiting" : "refused");
    if (!opened) return;
    const timer = setInterval(async () => {
      if (step !== "waiting" && step !== "refused") clearInterval(timer);
      else if (await document.hasStorageAccess?.() !== false && await isSignedIn()) { clearInterval(timer); enter(); }
    }, 2000);
    setTimeout(clearInterval, 600000, timer);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-sign-in]");
    if (button) signIn(button);
    if (event.target.closest("[data-continue]")) goOn();
    if (event.target.closest("[data-apart]")) event.target.closest("[data-apart]").href = `/contacts${query}`;
  });

  show("looking");
  look().then((entered) => {
    if (entered) return;
    show("asking");
    tell({ type: "directories.signed_out" });
  });
})();
