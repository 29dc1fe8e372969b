// The administrator's pages: regions by name, boxes that guard a button, an export that shows how far it is.
(() => {
  "use strict";
  // Regions by their names in the reader's language, sorted.
  const nameRegions = (select) => {
    const names = new Intl.DisplayNames(document.documentElement.lang, { type: "region" });
    const options = [...select.options];
    for (const option of options) option.textContent = `${names.of(option.value)} (${option.dataset.code})`;
    const chosen = select.value;
    options.sort((one, other) => one.textContent.localeCompare(other.textContent, document.documentElement.lang));
    select.replaceChildren(...options);
    select.value = chosen;
  };
  page.prepares.push((within) => page.all(within, "select[data-regions]").forEach(nameRegions));

  // A box that must be ticked, or a name that must be typed, frees the button it guards.
  const guard = (field) => {
    const free = field.type === "checkbox" ? field.checked : field.value.trim() === field.dataset.expected;
    document.getElementById(field.dataset.frees)?.toggleAttribute("disabled", !free);
  };
  page.prepares.push((within) => page.all(within, "[data-frees]").forEach(guard));
  document.addEventListener("input", (event) => { if (event.target.matches("[data-frees]")) guard(event.target); });

  // An export of many people comes as a stream of lines; the bar follows it.
  const exportTo = async (link) => {
    const box = document.getElementById("export-progress");
    const [bar, line] = [box.querySelector("progress"), box.querySelector("[role=status]")];
    const total = Math.max(1, Number(link.dataset.total));
    const isCsv = link.dataset.name.endsWith(".csv");
    const number = new Intl.NumberFormat(document.documentElement.lang);
    const parts = [];
    let people = isCsv ? -1 : 0;  // the line of headings is nobody
    let next = link.getAttribute("href");
    box.hidden = false;
    bar.value = 0;
    try {
      while (next) {
        const answer = await fetch(next);
        if (!answer.ok) throw new Error(answer.status);
        if (answer.redirected) throw new Error("signed out");
        const part = await answer.blob();  // as it came: a text would lose the mark by which Excel knows UTF-8
        parts.push(part);
        people += (await part.text()).split(isCsv ? "\r\n" : "BEGIN:VCARD").length - 1;
        next = /<([^>]+)>;\s*rel="?next/.exec(answer.headers.get("Link") ?? "")?.[1];
        const all = Math.max(people, total);  // more may have come since the page was drawn
        bar.value = (100 * people) / all;
        line.textContent = line.dataset.words.replace("{count}", number.format(people)).replace("{all}", number.format(all));
      }
    } catch { box.hidden = true; page.toast(page.words().failed); return; }
    bar.value = 100;
    line.textContent = line.dataset.done;
    const file = URL.createObjectURL(new Blob(parts, { type: isCsv ? "text/csv" : "text/vcard" }));
    Object.assign(document.createElement("a"), { href: file, download: link.dataset.name }).click();
    setTimeout(() => URL.revokeObjectURL(file), 60000);
  };
  page.onPress("[data-export]", (link, event) => { event.preventDefault(); exportTo(link); });
})();
