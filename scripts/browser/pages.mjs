// The reports that are looked at, and the browser that shows them.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.env.BROWSER_MODULES, "package.json"));
export const { chromium } = require("playwright-core");
export const { AxeBuilder } = require("@axe-core/playwright");

const { KEYSWEEP, SPEED } = process.env;
export const folder = mkdtempSync(join(tmpdir(), "keysweep-browser-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

// Chromium as root, without its own traffic to Google.
export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// Runs the program; 3 and 4 are the exit codes of scans that found something.
const run = (command, environment, ...words) => {
  try {
    return execFileSync(command, words, { env: { ...process.env, ...environment }, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    if ([3, 4].includes(error.status)) return error.stdout;
    throw new Error(`${words.join(" ")}: ${error.stderr}`);
  }
};
export const explain = (state, key) => JSON.parse(run(KEYSWEEP, {}, "explain", key, "--state", state, "--format", "json"));

// What `keysweep demo` leaves.
export const demo = () => {
  const place = join(folder, "demo");
  run(KEYSWEEP, {}, "demo", "--quiet", "--directory", place);
  return { page: join(place, "report.html"), state: join(place, "demo-state.db"), json: JSON.parse(readFileSync(join(place, "assessment.json"), "utf8")) };
};

// A made-up report.
export const made = (name, ...words) => {
  const page = join(folder, `${name}.html`);
  run(SPEED, {}, "html", "--output", page, ...words);
  return page;
};

// The report of an organization that is scanned for the fifth time, compared with the time before.
export const watched = async () => {
  const simulator = spawn(KEYSWEEP, ["simulate", "--listen", "127.0.0.1:0", "--accounts", "20", "--users", "20", "--profile", "unlimited", "--inactive-share", "0.3"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const environment = { AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null", AWS_EC2_METADATA_DISABLED: "true", AWS_PROFILE: "" };
    for await (const line of createInterface(simulator.stdout)) {
      const [, name, value] = /^export (\w+)=(\S+)/.exec(line) ?? [];
      if (name) environment[name] = value;
      if (name === "AWS_DEFAULT_REGION") break;
    }
    const tell = (command, body) => fetch(`${environment.AWS_ENDPOINT_URL}/_sim/${command}`, { method: "POST", body: JSON.stringify(body) });
    const state = join(folder, "watched.db");
    let earlier;
    for (let scan = 0; scan < 5; scan += 1) {
      if (scan > 0) {
        earlier = JSON.parse(run(KEYSWEEP, {}, "history", "--state", state, "--format", "json")).scans[0].assessment_id;
        await tell("activity", { share: 0.05, seed: scan });
        // Credential reports last four hours.
        await tell("clock", { advance_seconds: 5 * 3600 });
      }
      run(KEYSWEEP, environment, "scan", "--org", "--state", state, "--quiet");
      // Scans are ordered by the second in which they began.
      const second = () => Math.floor(Date.now() / 1000);
      for (const began = second(); second() === began;) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const page = join(folder, "watched.html");
    run(KEYSWEEP, {}, "report", "--state", state, "--compare", earlier, "--format", "html", "--output", page, "--quiet");
    return { page, state };
  } finally {
    simulator.kill();
  }
};
