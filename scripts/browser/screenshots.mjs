// Writes the pictures of docs/images: scripts/browser/run --screenshots
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { demo, launch, watched } from "./pages.mjs";

const images = "docs/images";
mkdirSync(images, { recursive: true });
const browser = await launch();
const { page: report } = demo();
const { page: fifth } = await watched();
const picture = async (name, file, width, height, options = {}, prepare = async () => {}) => {
  const page = await browser.newPage({ viewport: { width, height }, ...options });
  await page.goto(pathToFileURL(file).href);
  await prepare(page);
  const path = join(images, `${name}.png`);
  await page.screenshot({ path });
  console.log(`${path}: ${Math.round(statSync(path).size / 1000)} kB`);
  await page.close();
};
const card = async (page) => {
  await page.locator("#keys tbody a").first().click();
  await page.locator("#findings").evaluate((section) => section.scrollIntoView());
};
await picture("report-1440", report, 1440, 1000);
await picture("report-390", report, 390, 844);
await picture("report-keys-1440", report, 1440, 1000, {}, card);
await picture("report-keys-390", report, 390, 844, {}, card);
await picture("report-dark-1440", report, 1440, 1000, { colorScheme: "dark" });
await picture("report-changes-1440", fifth, 1440, 1000, {}, (page) => page.locator("#changes").evaluate((section) => section.scrollIntoView()));
await browser.close();
