// Everything can be reached and done without a mouse, and one always sees where one is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { live, row, startBrowser, until } from "./harness/browser.js";
import { startEngine } from "./harness/engine.js";

let engine;
let browser;
before(async () => {
  engine = await startEngine();
  browser = await startBrowser({ viewport: { width: 1280, height: 800 } });
  for (const sku of ["A", "B", "C", "D"]) await engine.receive(sku, "OSLO-1", 10);
});
after(async () => {
  await browser?.close();
  await engine?.close();
});

/** What has the focus: its id, or its label. The focus must show. */
async function focused(page) {
  const { name, outline } = await page.evaluate(() => {
    const { activeElement: at } = document;
    return { name: at.id || at.getAttribute("aria-label") || at.textContent.trim(), outline: getComputedStyle(at).outlineStyle };
  });
  assert.notEqual(outline, "none", `${name} does not show that it has the focus`);
  return name;
}

test("a walk by keyboard alone", async () => {
  const page = await browser.open(engine.url);
  await live(page);
  await row(page, "D", "OSLO-1").waitFor();
  const press = async (key) => {
    await page.keyboard.press(key);
    return focused(page);
  };

  assert.equal(await press("Tab"), "Skip to the stock board");
  const walked = [];
  for (let step = 0; step < 7; step += 1) walked.push(await press("Tab"));
  assert.deepEqual(walked, [
    "token-open", "search-match", "search-sku", "search-location", "board-order", "pause", "Watch A at OSLO-1",
  ]);

  assert.equal(await press("ArrowDown"), "Watch B at OSLO-1");
  assert.equal(await press("End"), "Watch D at OSLO-1");
  assert.equal(await press("ArrowDown"), "Watch D at OSLO-1");
  assert.equal(await press("ArrowUp"), "Watch C at OSLO-1");
  assert.equal(await press("Enter"), "Watch C at OSLO-1");
  assert.equal(await row(page, "C", "OSLO-1").getByRole("button").getAttribute("aria-pressed"), "true");
  await page.locator('.card[data-sku="C"]').waitFor();

  // Rows that change places take the focus with them.
  await page.locator("#board-order").selectOption("changed");
  await row(page, "C", "OSLO-1").getByRole("button").focus();
  await engine.receive("A", "OSLO-1", 1);
  await until(page, () => document.querySelector("#board-rows tr").dataset.sku === "A");
  assert.equal(await focused(page), "Watch C at OSLO-1");

  assert.equal(await press("Tab"), "Stop watching C at OSLO-1");
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelectorAll(".card").length === 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), "board");

  await page.locator("#token-open").focus();
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "token-text");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "token-open");
  assert.deepEqual(page.faults, []);
  await page.close();
});

test("the skip link leads past the head, and leaves the address alone", async () => {
  const page = await browser.open(`${engine.url}/#prefix=B`);
  await live(page);
  await row(page, "B", "OSLO-1").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "board");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Watch B at OSLO-1");
  assert.equal(new URL(page.url()).hash, "#prefix=B");
  await page.close();
});

test("what a screen reader is told: the table's parts, and states in a polite region", async () => {
  const page = await browser.open(engine.url);
  await live(page);
  await row(page, "A", "OSLO-1").waitFor();
  const table = page.getByRole("table", { name: /Stock by SKU and location/ });
  assert.equal(await table.getByRole("columnheader").count(), 13);
  assert.equal(await table.getByRole("rowheader").count(), 4);
  assert.equal(await page.getByRole("status").filter({ hasText: "Live" }).count(), 1);
  for (const name of ["SKU", "Location", "Order"]) assert.ok(await page.getByLabel(name, { exact: true }).isVisible(), name);
  const headings = await page.getByRole("heading").allTextContents();
  assert.deepEqual(headings.map((heading) => heading.trim()), ["Saldo live stock", "Stock", "Watched", "Movements"]);
  await page.close();
});
