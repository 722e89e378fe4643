// Writes the pictures of docs/images: scripts/browser/run --screenshots
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { demo, launch } from "./pages.mjs";

const images = "docs/images";
mkdirSync(images, { recursive: true });
const browser = await launch();
const { page: report, json } = demo();
const picture = async (name, file, width, height, options = {}, prepare = async () => {}) => {
  const page = await browser.newPage({ viewport: { width, height }, ...options });
  await page.goto(pathToFileURL(file).href);
  await prepare(page);
  const path = join(images, `${name}.png`);
  await page.screenshot({ path });
  console.log(`${path}: ${Math.round(statSync(path).size / 1000)} kB`);
  await page.close();
};
// The key of which the most is known.
const richest = json.accounts.flatMap((account) => account.findings).filter((one) => one.verdict === "long_term" && one.owner_tag && one.access_key_id).reduce((one, other) => other.evidence.length > one.evidence.length ? other : one);
const card = (page) => page.evaluate((id) => { location.hash = id; }, richest.finding_id).then(() => page.locator("article").waitFor());
await picture("report-1440", report, 1440, 1000);
await picture("report-390", report, 390, 844);
await picture("report-card-1440", report, 1440, 900, {}, card);
await picture("report-card-390", report, 390, 844, {}, card);
await picture("report-dark-1440", report, 1440, 1000, { colorScheme: "dark" });
await browser.close();
