// The HTML report as it is used: opened from disk in Chromium, with a script and without one, on paper, on a phone, in the
// dark, by somebody who cannot see it, and with names that want to be more than names.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { AxeBuilder, demo, explain, launch, made, watched } from "./pages.mjs";

let browser, report, findings;
before(async () => {
  browser = await launch();
  report = demo();
  findings = report.json.accounts.flatMap((account) => account.findings);
  assert.ok(findings.length > 20, "the demo has keys to look at");
});
after(() => browser.close());

// Opens a page that may ask the network for nothing and must not complain.
const opened = async (file, { hash = "", timeout = 10_000, ...options } = {}) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(timeout);
  await context.addInitScript(() => addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => console.error(`policy: ${effectiveDirective} ${blockedURI}`)));
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("dialog", (dialog) => { page.complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => request.url().startsWith("file:") || page.complaints.push(`request: ${request.url()}`));
  await page.goto(pathToFileURL(file).href + hash);
  return page;
};
const done = async (page) => {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
};
const rows = (page) => page.locator("#keys tbody tr:not(.x)");
const status = (page) => page.locator(".tools [role=status]").innerText();
const column = async (page, number) => (await rows(page).locator(`td:nth-child(${number})`).allInnerTexts()).map((text) => text.trim());
const days = (text) => {
  const [, number, unit] = /^([\d,]+) (second|minute|hour|day)/.exec(text);
  return Number(number.replaceAll(",", "")) * { second: 1, minute: 60, hour: 3600, day: 86400 }[unit];
};
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const serious = async (page) => {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
};

test("it opens from disk without a word to the network or the console, and sorts by every column", async () => {
  const page = await opened(report.page);
  assert.match(await page.locator("h1").innerText(), new RegExp(`^${report.json.totals.findings.long_term} long-term inactive access keys? in \\d+ accounts?;`));
  const names = await page.locator("#keys thead th").allInnerTexts();
  assert.equal(names.length, 9);
  for (const [number, name] of names.entries()) {
    const head = page.locator("#keys thead th").nth(number);
    // By the keyboard, as by the mouse.
    await head.locator("button").focus();
    await page.keyboard.press("Enter");
    const first = await column(page, number + 1);
    const way = await head.getAttribute("aria-sort");
    await head.locator("button").click();
    assert.notEqual(await head.getAttribute("aria-sort"), way, name);
    if (/At/.test(name)) {
      assert.equal(way, "descending");
      const lengths = first.map(days);
      assert.deepEqual(lengths, [...lengths].sort((one, other) => other - one), name);
      const back = (await column(page, number + 1)).map(days);
      assert.deepEqual(back, [...back].sort((one, other) => one - other), name);
    }
  }
  const longest = Math.max(...findings.map((finding) => Math.floor(finding.at_most_seconds / 86_400)));
  await page.locator("#keys thead th").nth(6).locator("button").click();
  assert.ok(days((await column(page, 7))[0]) / 86_400 >= longest);
  await done(page);
});

test("what the page's policy forbids is refused, and would be noticed here", async () => {
  const page = await opened(report.page);
  await page.evaluate(() => {
    document.body.setAttribute("style", "outline: 3px solid red");
    document.body.append(Object.assign(document.createElement("img"), { src: "https://evil.example/x.png" }));
    document.body.append(Object.assign(document.createElement("script"), { textContent: "window.evil = 1" }));
  });
  for (let waited = 0; page.complaints.filter((one) => one.startsWith("policy:")).length < 3 && waited < 100; waited += 1) await page.waitForTimeout(20);
  const policies = new Set(page.complaints.filter((one) => one.startsWith("policy:")).map((one) => one.split(" ")[1]));
  assert.deepEqual([...policies].sort(), ["img-src", "script-src-elem", "style-src-attr"]);
  assert.deepEqual(await page.evaluate(() => [getComputedStyle(document.body).outlineStyle, typeof window.evil]), ["none", "undefined"]);
  await page.context().close();
});

test("by the keyboard alone: past the header, to a key, its card and back; and landmarks and heads are there for screen readers", async () => {
  const page = await opened(report.page);
  const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.type || document.activeElement.tagName);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "To the keys");
  assert.ok(await page.locator(".skip").isVisible(), "it is seen while it has the focus");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "search");
  await page.keyboard.type(findings.find((finding) => finding.access_key_id).access_key_id);
  for (let tabs = 0; tabs < 20 && !/^AKIA/.test(await focused()); tabs += 1) await page.keyboard.press("Tab");
  const link = page.locator("#keys tbody a").first();
  assert.ok(await link.evaluate((element) => element === document.activeElement && getComputedStyle(element).outlineStyle !== "none"), "the focus is on the key, and is seen");
  await page.keyboard.press("Enter");
  assert.equal(await link.getAttribute("aria-expanded"), "true");
  await page.locator("article").waitFor();
  await page.keyboard.press("Enter");
  assert.equal(await link.getAttribute("aria-expanded"), "false");
  for (const [role, number] of [["banner", 1], ["navigation", 1], ["main", 1]]) assert.equal(await page.getByRole(role).count(), number, role);
  assert.ok(await page.getByRole("region").count() >= 4, "each section is a region with a name");
  assert.equal(await page.locator("#keys").getByRole("columnheader").count(), 9);
  assert.equal(await page.locator("#keys th:not([scope])").count(), 0);
  assert.equal(await page.locator("svg:not([aria-hidden]):not([role=img][aria-label])").count(), 0, "drawings have words, or are of no account");
  assert.equal(await page.locator(".tools [role=status]").count(), 1, "how many keys are left is told");
  await done(page);
});

test("it filters and searches without losing a key", async () => {
  const page = await opened(report.page);
  assert.match(await status(page), new RegExp(`of ${findings.length}$`));
  for (const verdict of new Set(findings.map((finding) => finding.verdict))) {
    await page.locator("label", { hasText: /^Verdict/ }).locator("select").selectOption(verdict.replace("_", "-"));
    const number = findings.filter((finding) => finding.verdict === verdict).length;
    assert.match(await status(page), new RegExp(`of ${number}(,|$)`), verdict);
  }
  await page.locator("label", { hasText: /^Verdict/ }).locator("select").selectOption("");
  for (const severity of new Set(findings.map((finding) => finding.severity))) {
    await page.locator("label", { hasText: /^Severity/ }).locator("select").selectOption(severity);
    const number = findings.filter((finding) => finding.severity === severity).length;
    assert.match(await status(page), new RegExp(`of ${number}(,|$)`), severity);
  }
  await page.locator("label", { hasText: /^Severity/ }).locator("select").selectOption("");
  const last = findings.filter((finding) => finding.access_key_id).at(-1);
  for (const text of [last.access_key_id, last.access_key_id.toLowerCase(), `${last.user_name} ${last.account_id}`]) {
    await page.getByRole("searchbox").fill(text);
    assert.ok((await rows(page).allInnerTexts()).some((row) => row.includes(last.access_key_id)), text);
  }
  await page.getByRole("searchbox").fill("nobody has this name");
  assert.equal(await rows(page).count(), 0);
  assert.match(await status(page), /no key fits/);
  await done(page);
});

test("a card has the words of keysweep explain, its id is copied, and a link leads to it", async () => {
  const page = await opened(report.page, { permissions: ["clipboard-read", "clipboard-write"] });
  const chosen = [...new Map(findings.filter((finding) => finding.access_key_id).map((finding) => [`${finding.verdict} ${finding.inactive_since.confidence}`, finding])).values()];
  assert.ok(chosen.length > 1);
  for (const { access_key_id: key } of chosen) {
    await page.getByRole("searchbox").fill(key);
    await page.getByRole("link", { name: key }).click();
    const card = page.locator("article");
    const text = (await card.innerText()).replace(/\s+/g, " ");
    const { steps, facts, outlook, subject } = explain(report.state, key);
    const said = [...steps, ...facts].map((one) => one.text).concat(outlook, subject.filter((one) => one.label === "User tags").map((one) => one.text));
    for (const sentence of said) assert.ok(text.toLowerCase().includes(sentence.toLowerCase()), `${key}: ${sentence} is not in ${text}`);
    assert.ok(await card.locator("svg.t rect").count() > 1);
    await card.getByRole("button", { name: "Copy the key id" }).click();
    await card.getByRole("button", { name: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
    assert.match(page.url(), new RegExp(`#.*${key}$`));
    await page.getByRole("link", { name: key }).click();
    assert.equal(await card.count(), 0, "it closes");
  }
  await done(page);
  const { finding_id: id } = findings.at(-1);
  const linked = await opened(report.page, { hash: `#${encodeURIComponent(id)}` });
  assert.ok(await linked.locator("article").isVisible());
  assert.equal(await linked.locator("article").getAttribute("id"), id);
  await done(linked);
});

test("in the dark it is dark, and the button turns it", async () => {
  const page = await opened(report.page, { colorScheme: "dark" });
  const light = () => page.evaluate(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
    return (red + green + blue) / 765;
  });
  assert.ok(await light() < 0.2);
  await page.getByRole("button", { name: "Light / dark" }).click();
  assert.ok(await light() > 0.8);
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  assert.equal(await light(), 1, "paper is white");
  await done(page);
});

test("paper has every key that is asked for, and none of the controls", async () => {
  const page = await opened(report.page);
  await page.evaluate(() => addEventListener("beforeprint", () => { window.printed = [document.querySelectorAll("#keys tbody tr").length, document.querySelectorAll("#keys thead button").length]; }));
  for (const [format, box] of [["A4", "595.9 842.8"], ["Letter", "612 792"]]) {
    const paper = (await page.pdf({ format })).toString("latin1");
    const [width, height] = box.split(" ");
    const boxes = [...paper.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)];
    assert.ok(boxes.length >= 4, `${format}: ${boxes.length} sheets`);
    for (const [, one, other] of boxes) assert.ok(one.startsWith(width) && other.startsWith(height), `${format}: ${one} ${other}`);
  }
  // A head with buttons in it would stand on the first sheet alone.
  assert.deepEqual(await page.evaluate(() => window.printed), [findings.length, 0]);
  assert.equal(await page.locator("#keys thead button").count(), 9, "they are there again");
  await page.emulateMedia({ media: "print" });
  for (const control of [".tools", "nav", ".top button", ".pages"]) assert.ok(!await page.locator(control).isVisible(), control);
  // Between margins of 14 mm, at 96 dots an inch, nothing is cut off: Chromium would make the whole sheet smaller.
  for (const millimetres of [210, 215.9]) {
    await page.setViewportSize({ width: Math.floor((millimetres - 28) / 25.4 * 96), height: 1000 });
    assert.ok(await overflow(page) <= 0, `${millimetres} mm`);
  }
  await done(page);
});

test("axe finds nothing serious, in light, dark, narrow, and with a card open", async () => {
  for (const options of [{}, { colorScheme: "dark" }, { viewport: { width: 390, height: 844 } }]) {
    const page = await opened(report.page, options);
    await rows(page).first().getByRole("link").click();
    await page.locator("details summary").first().click();
    assert.deepEqual(await serious(page), []);
    await done(page);
  }
});

test("nothing is cut off or scrolls sideways, from a phone to a wide screen", async () => {
  for (const width of [390, 760, 1080, 1280, 1440, 1920]) {
    const page = await opened(report.page, { viewport: { width, height: 844 } });
    await rows(page).first().getByRole("link").click();
    assert.ok(await overflow(page) <= 0, `${width}`);
    const wide = await page.locator("#keys").evaluate((table) => table.scrollWidth - table.parentElement.clientWidth);
    assert.ok(wide <= 0, `the table at ${width}: ${wide}`);
    await done(page);
  }
});

test("without a script it is complete, and links lead to the cards", async () => {
  const page = await opened(report.page, { javaScriptEnabled: false });
  const table = await page.locator("#keys").innerText();
  assert.equal(await rows(page).count(), findings.length);
  const ids = await page.locator("article").evaluateAll((cards) => cards.map((card) => card.id));
  assert.deepEqual(ids.sort(), findings.map((finding) => finding.finding_id).sort());
  for (const { access_key_id: key } of findings) assert.ok(!key || table.includes(key), key);
  const { access_key_id: key, finding_id: id } = findings.findLast((finding) => finding.access_key_id);
  await page.getByRole("link", { name: key }).first().click();
  assert.ok(await page.locator(`[id="${id}"]`).isVisible());
  assert.ok(await page.locator(`[id="${id}"]`).evaluate((card) => Math.abs(card.getBoundingClientRect().top) < innerHeight));
  const cards = (await page.locator("#cards").innerText()).replace(/\s+/g, " ").toLowerCase();
  for (const { text } of explain(report.state, key).steps) assert.ok(cards.includes(text.toLowerCase()), text);
  await done(page);
});

test("without a script 50,000 keys are all there, as rows and as cards", { timeout: 240_000 }, async () => {
  const page = await opened(made("all", "--findings", "50000"), { javaScriptEnabled: false, timeout: 200_000 });
  const [keys, cards, links] = await page.evaluate(() => {
    const ids = (selector, of) => new Set([...document.querySelectorAll(selector)].map(of));
    const cards = ids("article", (card) => card.id);
    const links = ids("#keys tbody a", (link) => decodeURIComponent(link.hash.slice(1)));
    return [document.querySelectorAll("#keys tbody tr").length, cards.size, [...links].filter((id) => cards.has(id)).length];
  });
  assert.deepEqual([keys, cards, links], [50_000, 50_000, 50_000]);
  await done(page);
});

test("names that want to be more than names are names", async () => {
  const file = made("hostile", "--findings", "300", "--hostile");
  for (const javaScriptEnabled of [true, false]) {
    const page = await opened(file, { javaScriptEnabled });
    if (javaScriptEnabled) {
      await rows(page).first().getByRole("link").click();
      await page.getByRole("searchbox").fill("onerror");
      assert.ok(await rows(page).count() > 0, "it is found as a text");
      await page.locator("#keys thead th").nth(1).getByRole("button").click();
    }
    const made = await page.evaluate(() => [document.querySelectorAll("img,iframe,object,link,[onerror],[onload],[style]").length, document.scripts.length, typeof window.evil]);
    assert.deepEqual(made, [0, 1, "undefined"]);
    assert.ok(await overflow(page) <= 0, "a long name does not widen the page");
    await done(page);
  }
});

test("the trend and what changed are shown where there are earlier scans", async () => {
  const { page: file } = await watched();
  const page = await opened(file);
  assert.equal(await page.locator(".trend rect").count() >= 5, true);
  assert.match(await page.locator(".trend").getAttribute("aria-label"), /(\d{4}-\d\d-\d\d: .*){5}/);
  assert.match(await page.locator("#changes").innerText(), /Since scan .+/);
  assert.ok(await page.locator("#changes table tbody tr").count() > 0);
  assert.deepEqual(await serious(page), []);
  await done(page);
  const narrow = await opened(file, { viewport: { width: 390, height: 844 } });
  assert.ok(await overflow(narrow) <= 0);
  await done(narrow);
});

test("2,000 keys are paged, and the first sort is measured", async (context) => {
  const page = await opened(made("many", "--findings", "2000"));
  assert.equal(await rows(page).count(), 100);
  await page.getByRole("button", { name: "Next" }).click();
  assert.match(await status(page), /^101–200 of 2,000$/);
  const milliseconds = await page.evaluate(() => new Promise((resolve) => {
    const began = performance.now();
    document.querySelectorAll("#keys thead button")[1].click();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
  }));
  context.diagnostic(`first sort of 2,000 keys, drawn: ${milliseconds.toFixed(0)} ms`);
  assert.match(await status(page), /^1–100 of 2,000$/);
  await done(page);
});
