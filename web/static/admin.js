// The administrator's pages: regions by name, boxes that guard a button, an export that shows how far it is.
(() => {
  "use strict";
  // Regions by their names in the reader's language, sorted.
  const names = new Intl.DisplayNames(document.documentElement.lang, { type: "region" });
  const nameRegions = (select) => {
    const options = [...select.options];
    for (const option of options) option.textContent = `${names.of(option.value)} (${option.dataset.code})`;
    const chosen = select.value;
    options.sort((one, other) => one.textContent.localeCompare(other.textContent, document.documentElement.lang));
    select.replaceChildren(...options);
    select.value = chosen;
  };
  page.prepares.push((within) => page.all(within, "select[data-regions]").forEach(nameRegions));
  page.prepares.push((within) => page.all(within, "[data-region]").forEach((elt) => { elt.textContent = names.of(elt.dataset.region); }));

  // A box that must be ticked, or a name that must be typed, frees the button it guards.
  const guard = (field) => {
    const free = field.type === "checkbox" ? field.checked : field.value.trim() === field.dataset.expected;
    document.getElementById(field.dataset.frees)?.toggleAttribute("disabled", !free);
  };
  page.prepares.push((within) => page.all(within, "[data-frees]").forEach(guard));
  document.addEventListener("input", (event) => { if (event.target.matches("[data-frees]")) guard(event.target); });

  // What is closed on screen is read on paper.
  addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details.panel")) part.open = true; });

  // A value that is shown only once: until its box is ticked, every way out of the page asks first.
  const unsaved = () => document.querySelector("[data-unsaved]:not(:checked)");
  page.isUnsaved = () => Boolean(unsaved());
  let goes = null;
  let isLeaving = false;
  const ask = (go) => {
    goes = go;
    const dialog = document.getElementById("leave");
    if (!dialog.open) dialog.showModal();
  };
  const goTo = (address) => ask(() => { isLeaving = true; location.assign(address); });
  page.onPress("[data-stay]", () => { document.getElementById("leave").close(); document.querySelector("#dialog dialog")?.close(); });
  page.onPress("[data-leave]", () => { document.getElementById("leave").close(); goes?.(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || !unsaved() || isLeaving || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.target === "_blank" || link.hasAttribute("download") || link.matches("[aria-haspopup=dialog]") || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    goTo(link.href);
  }, { capture: true });
  document.addEventListener("htmx:confirm", (event) => {
    const { elt, target, issueRequest } = event.detail;
    if (!unsaved() || elt.closest("[data-poll]") || !["main", "credentials"].includes(target?.id)) return;
    event.preventDefault();
    ask(() => issueRequest(true));
  });
  addEventListener("popstate", (event) => {
    const box = unsaved();
    if (!box?.dataset.at || isLeaving) return;
    const wanted = location.href;
    event.stopImmediatePropagation();
    history.pushState({ htmx: true }, "", box.dataset.at);
    goTo(wanted);
  }, { capture: true });
  addEventListener("beforeunload", (event) => { if (unsaved() && !isLeaving) event.preventDefault(); });

  // An export of many people comes part by part: the bar follows it, and one that failed midway goes on where it stood.
  let job = null;
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const box = () => document.getElementById("export-progress");
  const takePart = async () => {
    const answer = await fetch(job.next);
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const part = await answer.blob();  // as it came: a text would lose the mark by which Excel knows UTF-8
    job.people += (await part.text()).split(job.isCsv ? "\r\n" : "BEGIN:VCARD").length - 1;
    job.parts.push(part);
    job.next = /<([^>]+)>;\s*rel="?next/.exec(answer.headers.get("Link") ?? "")?.[1];
    const all = Math.max(job.people, job.total);  // more may have come since the page was drawn
    box().querySelector("progress").value = (100 * job.people) / all;
    const line = box().querySelector("[role=status]");
    line.textContent = line.dataset.words.replace("{count}", number.format(job.people)).replace("{all}", number.format(all));
  };
  const save = () => {
    const file = URL.createObjectURL(new Blob(job.parts, { type: job.isCsv ? "text/csv" : "text/vcard" }));
    Object.assign(document.createElement("a"), { href: file, download: job.name }).click();
    setTimeout(() => URL.revokeObjectURL(file), 60000);
    const line = box().querySelector("[role=status]");
    line.textContent = line.dataset.done;
  };
  const goOn = async () => {
    if (job.isRunning) return;
    job.isRunning = true;
    box().hidden = false;
    box().querySelector("[data-export-more]").hidden = true;
    try {
      while (job.next) await takePart();
      save();
    } catch {
      if (await page.signInAgain()) return;
      page.toast(page.words().failed);
      if (!box()) return;  // the page went on to another
      box().hidden = !job.parts.length;
      box().querySelector("[data-export-more]").hidden = false;
    } finally { job.isRunning = false; }
  };
  page.onPress("[data-export]", ({ dataset, href }, event) => {
    event.preventDefault();
    if (job?.isRunning) return;
    const isCsv = dataset.name.endsWith(".csv");
    // The line of headings is nobody.
    job = { next: href, name: dataset.name, isCsv, people: isCsv ? -1 : 0, total: Math.max(1, Number(dataset.total)), parts: [] };
    box().querySelector("progress").value = 0;
    goOn();
  });
  page.onPress("[data-export-more]", goOn);
})();
