// How long large reports take in Chromium, as JSON: scripts/browser/run --measure
import { statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { launch, made } from "./pages.mjs";

const browser = await launch();
const measured = [];
for (const keys of [2000, 50_000]) {
  const file = made(`keys-${keys}`, "--findings", String(keys));
  for (let time = 0; time < 5; time += 1) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const began = performance.now();
    await page.goto(pathToFileURL(file).href);
    await page.locator("#keys tbody tr").first().waitFor();
    const load = performance.now() - began;
    const after = (act) => page.evaluate((act) => new Promise((resolve) => {
      const began = performance.now();
      new Function(act)();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
    }), act);
    const sort = await after('document.querySelectorAll("#keys thead button")[1].click()');
    const search = await after('const box = document.querySelector("input"); box.value = "service-17"; box.oninput()');
    const card = await after('document.querySelector("#keys tbody a").click()');
    const heap = await page.evaluate(() => performance.memory.usedJSHeapSize / 1e6);
    measured.push({ keys, megabytes: statSync(file).size / 1e6, load, sort, search, card, heap });
    await page.close();
  }
}
await browser.close();
console.log(JSON.stringify(measured));
