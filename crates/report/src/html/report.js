"use strict";
(() => {
  const find = (selector, where = document) => where.querySelector(selector);
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const button = (text, onclick) => make("button", { type: "button", className: "b", textContent: text, onclick });

  const root = document.documentElement;
  find(".top").append(button("Light / dark", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  }));

  const section = document.getElementById("findings");
  const source = find("noscript", section);
  if (!source) return;
  // Where scripts run, a noscript element is a text. Its lines are rows that the program that wrote them has escaped.
  const [head, ...lines] = source.textContent.split("\n");
  lines.pop();
  const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
  const plain = (html) => html.replace(/<[^>]*>/g, " ").replace(/&(?:amp|lt|gt|quot|#39);/g, (name) => entities[name]).trim();
  const element = (html) => make("template", { innerHTML: html }).content;
  const rows = lines.map((line, rank) => ({ line, rank }));
  const cells = (row) => row.cells ??= row.line.split(/<td[^>]*>/).slice(1).map(plain);
  const id = (row) => row.id ??= plain(/href="#([^"]*)"/.exec(row.line)[1]);

  const wrapper = element(head + "</table>");
  const table = find("table", wrapper);
  const body = table.tBodies[0];
  source.replaceWith(table);

  // The cards, taken apart when the first is asked for.
  let cards, legends;
  const card = (wanted) => {
    if (!cards) {
      cards = new Map();
      let account = "", same = "";
      const text = find("main > noscript").textContent;
      [legends] = /<p class=legend>.*?<\/p>/.exec(text);
      for (const line of text.split("\n")) {
        if (line.startsWith("<section>")) [account, same] = [line.slice(13, -5), ""];
        else if (line.startsWith("<div class=same>")) same = line;
        else if (line.startsWith("<article")) cards.set(plain(line.slice(13, line.indexOf('"', 13))), { line, account, same });
      }
    }
    return cards.get(wanted);
  };
  // The order of the argument, also where some of it is said once for several keys.
  const order = ["Account", "User", "User tags", "Created", "Last used", "Assessed", "Status", "History", "Not later", "Not earlier", "Confidence", "Asserted", "Threshold", "Used since", "Contradiction", "Evidence", "Next"];
  const opened = (row) => {
    const { line, account, same } = card(id(row));
    const article = find("article", element(line.replace("<h4>", "<h3>").replace("</h4>", "</h3>")));
    const said = [...element(same).querySelectorAll("dt"), ...article.querySelectorAll("dt")].map((term) => [term, term.nextElementSibling]);
    const where = make("dt", { textContent: "Account" });
    said.push([where, make("dd", { innerHTML: account })]);
    said.sort(([one], [other]) => order.indexOf(one.textContent) - order.indexOf(other.textContent));
    find("dl", article).replaceChildren(...said.flat());
    // Instants are not broken at the end of a line.
    for (const [, text] of said) {
      if (text.firstElementChild) continue;
      const parts = text.textContent.split(/(\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)? UTC)?)/);
      text.replaceChildren(...parts.map((part, number) => number % 2 ? make("time", { textContent: part }) : part));
    }
    const drawing = find(".t", article);
    const legend = find("p", element(legends));
    for (const sample of [...legend.children]) {
      const shape = find("rect,use,line", sample);
      const [name, of] = shape.hasAttribute("href") ? ["href", "use"] : shape.hasAttribute("class") ? ["class", "rect"] : ["x1", "line"];
      const is = name === "x1" ? of : `${of}[${name}="${shape.getAttribute(name)}"]`;
      if (!find(is, drawing)) sample.remove();
    }
    drawing.after(legend);
    const key = find("code", article)?.textContent;
    if (key && !key.includes("*")) {
      const copy = button("Copy the key id", async () => {
        try {
          await navigator.clipboard.writeText(key);
          copy.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(find("code", article));
        }
      });
      find("h3", article).append(" ", copy);
    }
    return article;
  };

  const size = 100;
  let shown = rows, at = 0, by = -1, up = true;
  const open = new Set();
  const search = make("input", { type: "search", placeholder: "user, key, account, unit, owner" });
  const labelled = (text, control, className = "") => make("label", { className }, text, control);
  const choice = (column) => {
    const names = new Set();
    for (const row of rows) names.add(column(row));
    return names;
  };
  const select = (names, all) => make("select", {}, new Option(all, ""), ...[...names].map((name) => new Option(name, name)));
  const verdictOf = (row) => row.verdict ??= /<td[^>]*>([^<]*)/.exec(row.line)[1];
  const verdict = select(choice(verdictOf), "all");
  const severityOf = (row) => row.severity ??= /<small>([a-z]+)/.exec(row.line)[1];
  const severity = select(choice(severityOf), "all");
  const heads = [...table.tHead.rows[0].cells];
  const sorter = make("select", {}, ...heads.map((one, column) => new Option(one.textContent, column)));
  const count = make("span", { className: "soft" });
  count.setAttribute("role", "status");
  const previous = button("Previous", () => turn(-1)), next = button("Next", () => turn(1));
  const pages = make("div", { className: "pages" }, previous, next);

  const draw = (all = false) => {
    const some = all ? shown : shown.slice(at, at + size);
    const html = element(`<table>${some.map((row) => row.line).join("")}</table>`);
    const drawnRows = [...html.querySelectorAll("tr")];
    body.replaceChildren(...drawnRows);
    some.forEach((row, number) => {
      drawnRows[number].row = row;
      if (open.has(row)) unfold(row, drawnRows[number]);
    });
    const until = Math.min(at + size, shown.length);
    count.textContent = shown.length ? `${(at + 1).toLocaleString("en")}–${until.toLocaleString("en")} of ${shown.length.toLocaleString("en")}${shown.length < rows.length ? `, ${rows.length.toLocaleString("en")} in all` : ""}` : "no key fits";
    pages.hidden = shown.length <= size;
    previous.disabled = at === 0;
    next.disabled = until === shown.length;
  };
  const unfold = (row, line) => {
    line.className = "open";
    find("a", line).setAttribute("aria-expanded", "true");
    line.after(make("tr", { className: "x" }, make("td", { colSpan: heads.length }, opened(row))));
  };
  const turn = (by) => {
    at += by * size;
    draw();
    section.scrollIntoView();
  };
  const units = { second: 1, minute: 60, hour: 3600, day: 86400 };
  const length = (text) => {
    const [, number, unit] = /([\d,]+) (second|minute|hour|day)/.exec(text) ?? [0, "0", "second"];
    return Number(number.replaceAll(",", "")) * units[unit];
  };
  const collator = new Intl.Collator("en", { numeric: true });
  const sorted = () => {
    const turned = up ? 1 : -1;
    if (by < 0) return;
    if (by === 0) rows.sort((one, other) => (one.rank - other.rank) * turned);
    else {
      const value = by === 5 || by === 6 ? (row) => length(cells(row)[by]) : (row) => cells(row)[by];
      for (const row of rows) row.value = value(row);
      const compare = by === 5 || by === 6 ? (one, other) => one - other : collator.compare;
      rows.sort((one, other) => compare(one.value, other.value) * turned || one.rank - other.rank);
    }
  };
  const filtered = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) => {
      if (verdict.value && verdictOf(row) !== verdict.value) return false;
      if (severity.value && severityOf(row) !== severity.value) return false;
      if (!words.length) return true;
      const text = row.text ??= cells(row).join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    };
    shown = words.length || verdict.value || severity.value ? rows.filter(fits) : rows;
    at = 0;
    draw();
  };
  const sort = (column, way) => {
    [by, up] = [column, way];
    heads.forEach((one, number) => number === column ? one.setAttribute("aria-sort", up ? "ascending" : "descending") : one.removeAttribute("aria-sort"));
    sorter.value = column;
    sorted();
    filtered();
  };
  const buttons = heads.map((one, column) => make("button", {
    type: "button",
    textContent: one.textContent,
    onclick: () => sort(column, by === column ? !up : !(column === 5 || column === 6)),
  }));
  const headed = (printed) => heads.forEach((one, column) => one.replaceChildren(printed ? buttons[column].textContent : buttons[column]));
  headed(false);
  search.oninput = verdict.onchange = severity.onchange = filtered;
  sorter.onchange = () => sort(Number(sorter.value), !["5", "6"].includes(sorter.value));
  table.before(make("div", { className: "tools" }, labelled("Search", search), labelled("Verdict", verdict), labelled("Severity", severity), labelled("Sorted by", sorter, "narrow"), count));
  table.after(pages);

  const toggle = (row, line) => {
    if (open.delete(row)) {
      line.className = "";
      find("a", line).setAttribute("aria-expanded", "false");
      line.nextElementSibling.remove();
    } else {
      open.add(row);
      unfold(row, line);
    }
  };
  body.onclick = (event) => {
    const line = event.target.closest("tr");
    if (!line?.row || (event.target.closest("a") === null && String(getSelection()))) return;
    event.preventDefault();
    toggle(line.row, line);
    history.replaceState(null, "", open.has(line.row) ? `#${encodeURIComponent(id(line.row))}` : location.href.split("#")[0]);
  };
  const follow = () => {
    let wanted = location.hash.slice(1);
    try { wanted = decodeURIComponent(wanted); } catch { /* It stands there as it is. */ }
    const row = wanted && rows.find((one) => id(one) === wanted);
    if (!row) return;
    if (!shown.includes(row)) {
      search.value = verdict.value = severity.value = "";
      filtered();
    }
    open.add(row);
    at = Math.floor(shown.indexOf(row) / size) * size;
    draw();
    [...body.rows].find((line) => line.row === row).scrollIntoView();
  };
  addEventListener("hashchange", follow);
  // Paper has all that was asked for, and not only a page of it. Chromium repeats the head of a table on every sheet only
  // where there are no buttons in it.
  const paper = (printed) => { headed(printed); draw(printed); };
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
  draw();
  follow();
})();
