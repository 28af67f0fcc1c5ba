// Chromium without a window, in an empty profile, and pages that take note of every error.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";

const PROGRAM = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
/** No GPU, and no traffic of the browser's own. */
const ARGUMENTS = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];
/** How long a condition may take to hold. */
const PATIENCE_MS = 15_000;

/** Starts Chromium; `options` as `newContext` takes them: viewport, colour scheme and so on. */
export async function startBrowser(options = {}) {
  const profile = await mkdtemp(path.join(tmpdir(), "saldo-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PROGRAM,
    headless: true,
    // Its sandbox does not work for root.
    chromiumSandbox: process.getuid() !== 0,
    args: ARGUMENTS,
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    open: (url) => open(context, url),
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Opens a page and waits for it to be live. `page.faults` gathers what goes wrong in it. */
async function open(context, url) {
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.faults.push(message.text());
  });
  await page.goto(url);
  return page;
}

/** Waits until the page says that it is connected. */
export async function live(page) {
  await page.locator('#connection[data-state="live"]').waitFor();
}

/** The row of a key on the board. */
export function row(page, sku, location) {
  return page.locator(`#board-rows tr[data-sku=${CSS(sku)}][data-location=${CSS(location)}]`);
}

/** Waits until `check()` is true, asked anew in every frame of the page. */
export async function until(page, check, argument) {
  await page.waitForFunction(check, argument, { polling: "raf" });
}

/** A text as a string of CSS. */
function CSS(text) {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Compares every level on the board with what the API says of it; returns how many there are. */
export async function agree(page, engine) {
  const shown = await page.locator("#board-rows tr").evaluateAll((rows) => rows.map((shownRow) => {
    const text = (part) => shownRow.querySelector(part).textContent;
    const balances = [...shownRow.querySelectorAll("td.balance")].map((cell) => Number(cell.textContent.replaceAll(",", "")));
    const { sku, location, version } = shownRow.dataset;
    return { sku, location, version: Number(version), available: Number(text("td.available b").replaceAll(",", "")), balances };
  }));
  for (const { sku, location, ...figures } of shown) {
    const level = await engine.level(sku, location);
    const { on_hand, reserved, committed, damaged, quality_control, safety_stock, incoming } = level;
    assert.deepEqual(figures, {
      version: level.version,
      available: level.available,
      balances: [on_hand, reserved, committed, damaged, quality_control, safety_stock, incoming],
    }, `${sku} at ${location}`);
  }
  return shown.length;
}
