// A reserve shows on every page at once; after the engine was killed and started again, pages catch up by
// themselves and agree with the API.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { agree, live, row, startBrowser, until } from "./harness/browser.js";
import { startEngine } from "./harness/engine.js";

const LOCATIONS = ["OSLO-1", "BERGEN-2"];
const SKUS = ["TEE-BLACK-M", "TEE-WHITE-S", "MUG", "Hat, blue/grün 50%"];

let engine;
let browser;
before(async () => {
  engine = await startEngine();
  browser = await startBrowser();
  for (const sku of SKUS) for (const location of LOCATIONS) await engine.receive(sku, location, 20);
});
after(async () => {
  await browser?.close();
  await engine?.close();
});

test("a reserve by the API shows on two pages, and so does what a killed engine says when it is back", async () => {
  const pages = [await browser.open(engine.url), await browser.open(engine.url)];
  for (const page of pages) {
    await live(page);
    await page.locator("#activity[data-told]").waitFor();
    await row(page, "MUG", "OSLO-1").waitFor();
    assert.equal(await agree(page, engine), SKUS.length * LOCATIONS.length);
  }

  const reservation = await engine.reserve("MUG", "OSLO-1", 3);
  for (const page of pages) {
    await row(page, "MUG", "OSLO-1").and(page.locator('[data-version="2"]')).waitFor();
    assert.equal(await row(page, "MUG", "OSLO-1").locator("td.available b").textContent(), "17");
    await movements(page, "reserved", 1);
    await agree(page, engine);
  }

  await engine.kill();
  for (const page of pages) {
    await page.locator('#connection[data-state="waiting"]').waitFor();
    assert.deepEqual(page.faults.filter((fault) => !ofADeadEngine(fault)), []);
  }
  await engine.start();
  // Before the pages are back, so that they have something to catch up with.
  await engine.release(reservation.id);
  for (const sku of SKUS) await engine.reserve(sku, "BERGEN-2", 2);
  await engine.receive("NEW", "OSLO-1", 1);
  for (const page of pages) {
    await live(page);
    await row(page, "NEW", "OSLO-1").waitFor();
    await row(page, "MUG", "OSLO-1").and(page.locator('[data-version="3"]')).waitFor();
    for (const sku of SKUS) await row(page, sku, "BERGEN-2").and(page.locator('[data-version="2"]')).waitFor();
    assert.equal(await agree(page, engine), SKUS.length * LOCATIONS.length + 1);
    // Also of those that happened while the page was away, and each once.
    await movements(page, "reserved", 1 + SKUS.length);
    await movements(page, "released", 1);
    assert.deepEqual(page.faults.filter((fault) => !ofADeadEngine(fault)), []);
    await page.close();
  }
});

test("a watched key has a card with its figures and a plot, which outlive the engine", async () => {
  const page = await browser.open(engine.url);
  await live(page);
  await row(page, "TEE-BLACK-M", "OSLO-1").getByRole("button").click();
  const card = page.locator('.card[data-sku="TEE-BLACK-M"]');
  await card.waitFor();
  await engine.reserve("TEE-BLACK-M", "OSLO-1", 4);
  await until(page, () => document.querySelector(".card .big").textContent === "16");
  await until(page, () => /now 16 available, 4 reserved/.test(document.querySelector(".card .plot").getAttribute("aria-label")));
  assert.match(await card.locator("path.available").getAttribute("d"), /^M[\d.]+ [\d.]+(H[\d.]+V[\d.]+)+H[\d.]+$/);

  // A search does not take it away, and a reload brings it back: both stand in the address.
  await page.getByLabel("SKU", { exact: true }).fill("MUG");
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelectorAll("#board-rows tr").length === 2);
  await engine.kill();
  await page.locator('#connection[data-state="waiting"]').waitFor();
  await engine.start();
  await live(page);
  await page.reload();
  await live(page);
  await until(page, () => document.querySelector(".card .big")?.textContent === "16");
  await until(page, () => document.querySelectorAll("#board-rows tr").length === 2);
  await page.close();
});

/** Waits until so many movements of a kind are listed. */
async function movements(page, kind, count) {
  const selector = `#activity-list [data-kind="${kind}"]`;
  await until(page, ([selector, count]) => document.querySelectorAll(selector).length === count, [selector, count]);
}

/** What Chromium writes for each attempt to reach an engine that is not there, or not yet ready. */
function ofADeadEngine(fault) {
  return /^WebSocket connection to .* failed|^Failed to load resource: (net::ERR_|.* status of 503 )/.test(fault);
}
