"use strict";
(() => {
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const root = document.documentElement;
  const theme = make("button", { type: "button", className: "theme", textContent: "Light or dark" });
  theme.onclick = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
  document.querySelector("header").prepend(theme);

  const open = () => {
    const card = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (card && card.tagName === "DETAILS") { card.open = true; card.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();

  document.addEventListener("toggle", (event) => {
    const card = event.target;
    if (!card.classList.contains("card") || !card.dataset.key || card.querySelector("button")) return;
    const copy = make("button", { type: "button", textContent: "Copy the key id" });
    copy.onclick = () => navigator.clipboard.writeText(card.dataset.key).then(() => { copy.textContent = "Copied"; });
    card.append(copy);
  }, true);

  const table = document.getElementById("keys");
  if (!table) return;
  const body = table.tBodies[0];
  const page = 200;
  let rows = [...body.rows];
  let shown = page;
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const labelled = (text, control) => { const label = make("label", { textContent: text }); label.append(control); return label; };
  const search = make("input", { type: "search" });
  const verdict = make("select", {});
  verdict.append(new Option("all", ""), ...[...new Set(rows.map((row) => row.dataset.v))].map((name) => new Option(name, name)));
  const more = make("button", { type: "button", textContent: "Show more" });
  const count = make("span", { className: "soft" });
  count.setAttribute("role", "status");
  const tools = make("div", { className: "tools" });
  tools.append(labelled("Search", search), labelled("Verdict", verdict), more, count);
  table.parentElement.before(tools);
  const show = () => {
    const wanted = search.value.toLowerCase();
    let matching = 0;
    for (const row of rows) {
      const matches = (!verdict.value || row.dataset.v === verdict.value) && texts.get(row).includes(wanted);
      if (matches) matching += 1;
      row.hidden = !matches || matching > shown;
    }
    more.hidden = matching <= shown;
    count.textContent = `${Math.min(shown, matching)} of ${matching} shown, ${rows.length} in all`;
  };
  search.oninput = verdict.onchange = () => { shown = page; show(); };
  more.onclick = () => { shown += page; show(); };
  const heads = [...table.tHead.rows[0].cells];
  const order = new Intl.Collator("en", { numeric: true });
  heads.forEach((head, column) => {
    const button = make("button", { type: "button", textContent: head.textContent });
    head.replaceChildren(button);
    button.onclick = () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = new Map(rows.map((row) => [row, row.cells[column].dataset.s ?? row.cells[column].textContent]));
      rows.sort((a, b) => order.compare(value.get(a), value.get(b)) * (up ? 1 : -1));
      body.append(...rows);
      show();
    };
  });
  show();
})();
