// A catalogue larger than a board: the page takes a bounded part, says so, narrows by what is typed, and keeps
// drawing while thousands of levels a second arrive.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { agree, live, row, startBrowser, until } from "./harness/browser.js";
import { openCommands } from "./harness/commands.js";
import { startEngine } from "./harness/engine.js";

const SKUS = 3_000;
/** As the page says them. */
const KEYS_MAX = 500;
const ROWS_SHOWN = 100;
/** Frames of commands in the burst, and commands in each. */
const FRAMES = 15;
const COMMANDS = 1_000;

const sku = (number) => `SKU-${String(number).padStart(4, "0")}`;

let engine;
let browser;
let commands;
before(async () => {
  engine = await startEngine();
  browser = await startBrowser();
  commands = await openCommands(browser, engine);
  await commands.send(Array.from({ length: SKUS }, (_, number) => (
    { op: "receive", sku: sku(number), location: "OSLO-1", quantity: 100_000 }
  )));
});
after(async () => {
  await browser?.close();
  await engine?.close();
});

test("a part is shown, and the search reaches the rest", async () => {
  const page = await browser.open(engine.url);
  await live(page);
  await page.getByText(`Only the first ${KEYS_MAX} keys are shown`).waitFor();
  await until(page, (count) => document.querySelectorAll("#board-rows tr").length === count, ROWS_SHOWN);
  await page.getByRole("button", { name: "Show more" }).click();
  await until(page, (count) => document.querySelectorAll("#board-rows tr").length === count, 2 * ROWS_SHOWN);

  await page.getByLabel("SKU", { exact: true }).fill("SKU-299");
  await until(page, () => document.querySelectorAll("#board-rows tr").length === 10);
  await row(page, sku(2_999), "OSLO-1").waitFor();
  assert.equal(await page.locator("#board-message").textContent(), "");
  await engine.reserve(sku(2_999), "OSLO-1", 1);
  await row(page, sku(2_999), "OSLO-1").and(page.locator('[data-version="2"]')).waitFor();
  assert.equal(await agree(page, engine), 10);

  await page.getByLabel("Location", { exact: true }).fill("NOWHERE");
  await page.getByText("No stock matches.").waitFor();
  await page.locator("#search-match").selectOption("exact");
  await page.getByLabel("Location", { exact: true }).fill("");
  await page.getByLabel("SKU", { exact: true }).fill("NOT-YET");
  await page.getByText("No such SKU yet.").waitFor();
  await engine.receive("NOT-YET", "OSLO-1", 5);
  await row(page, "NOT-YET", "OSLO-1").waitFor();
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("thousands of changes a second are drawn once a frame, and the last one is right", async () => {
  const page = await browser.open(`${engine.url}/#prefix=SKU&watch=${sku(7)}/OSLO-1`);
  await live(page);
  await until(page, (count) => document.querySelectorAll("#board-rows tr").length === count, ROWS_SHOWN);
  await page.evaluate(() => {
    window.drawn = { frames: 0, longest_ms: 0 };
    let last_ms = performance.now();
    const frame = (now_ms) => {
      window.drawn.frames += 1;
      window.drawn.longest_ms = Math.max(window.drawn.longest_ms, now_ms - last_ms);
      last_ms = now_ms;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const shown = await page.locator("#board-rows tr").evaluateAll((rows) => rows.map(({ dataset }) => dataset.sku));
  for (let frame = 0; frame < FRAMES; frame += 1) {
    await commands.send(Array.from({ length: COMMANDS }, (_, number) => (
      { op: "sell", sku: number % 2 ? sku(7) : shown[number % shown.length], location: "OSLO-1", quantity: 1 }
    )));
  }
  const { version } = await engine.level(sku(7), "OSLO-1");
  await until(page, (wanted) => document.querySelector(".card").dataset.version === String(wanted), version);
  const last = await engine.level(shown.at(-2), "OSLO-1");
  await row(page, shown.at(-2), "OSLO-1").and(page.locator(`[data-version="${last.version}"]`)).waitFor();
  await agree(page, engine);
  const drawn = await page.evaluate(() => window.drawn);
  assert.ok(drawn.frames > 10 && drawn.longest_ms < 1_000, `the page stood still: ${JSON.stringify(drawn)}`);
  assert.ok(await page.locator("#activity-list li").count() <= 100);
  assert.ok((await page.locator(".plot path.available").getAttribute("d")).length < 20_000);
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("a paused page stands still, and goes on with what is now", async () => {
  const page = await browser.open(`${engine.url}/#sku=${sku(1)}`);
  await live(page);
  await row(page, sku(1), "OSLO-1").waitFor();
  const before = await row(page, sku(1), "OSLO-1").getAttribute("data-version");
  await page.getByRole("button", { name: "Pause" }).click();
  // Another page tells when the change has come out of the engine.
  const other = await browser.open(`${engine.url}/#sku=${sku(1)}`);
  const { version } = await engine.receive(sku(1), "OSLO-1", 1);
  await row(other, sku(1), "OSLO-1").and(other.locator(`[data-version="${version}"]`)).waitFor();
  await page.bringToFront();
  assert.equal(await row(page, sku(1), "OSLO-1").getAttribute("data-version"), before);
  await page.getByRole("button", { name: "Go on" }).click();
  await row(page, sku(1), "OSLO-1").and(page.locator(`[data-version="${version}"]`)).waitFor();
  await page.close();
  await other.close();
});
