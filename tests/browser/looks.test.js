// Readable on a phone, in light and dark, and never by colour alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { live, row, startBrowser, until } from "./harness/browser.js";
import { startEngine } from "./harness/engine.js";

/** The least contrast of text (WCAG 2.2, success criterion 1.4.3). */
const CONTRAST_MIN = 4.5;
const LONG_SKU = "A-SKU-AS-LONG-AS-A-SKU-CAN-BE-WHICH-IS-SIXTY-FOUR-BYTES-IN-UTF-8";

let engine;
before(async () => {
  engine = await startEngine();
  await engine.receive(LONG_SKU, "A-LOCATION-OF-THIRTY-TWO-BYTES-X", 2_000_000_000);
  await engine.receive("LOW", "OSLO-1", 2);
  await engine.receive("OUT", "OSLO-1", 1);
  await engine.reserve("OUT", "OSLO-1", 1);
});
after(() => engine?.close());

test("a phone shows everything without scrolling sideways", async () => {
  const browser = await startBrowser({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  try {
    const page = await browser.open(engine.url);
    await live(page);
    await row(page, LONG_SKU, "A-LOCATION-OF-THIRTY-TWO-BYTES-X").getByRole("button").tap();
    await page.locator(".card").waitFor();
    await engine.reserve(LONG_SKU, "A-LOCATION-OF-THIRTY-TWO-BYTES-X", 1_234_567);
    await until(page, () => document.querySelector(".card .big").textContent !== "");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    for (const balance of ["On hand", "Reserved", "Committed", "Damaged", "Q. control", "Safety stock", "Incoming"]) {
      assert.ok(await page.locator(`#board-rows tr >> nth=0 >> [data-label="${balance}"]`).isVisible(), balance);
    }
    const { width, height } = await row(page, "LOW", "OSLO-1").getByRole("button").boundingBox();
    assert.ok(width >= 40 && height >= 40, `a finger needs more than ${width} × ${height}`);
    assert.deepEqual(page.faults, []);
  } finally {
    await browser.close();
  }
});

for (const colorScheme of ["light", "dark"]) {
  test(`text can be read in ${colorScheme}, and each state has a word of its own`, async () => {
    const browser = await startBrowser({ colorScheme, reducedMotion: "reduce", viewport: { width: 1280, height: 800 } });
    try {
      const page = await browser.open(engine.url);
      await live(page);
      await row(page, "LOW", "OSLO-1").getByRole("button").click();
      await until(page, () => document.querySelector(".card .big")?.textContent === "2");
      for (const [sku, word] of [["LOW", "Low"], ["OUT", "Out"]]) {
        assert.equal(await row(page, sku, "OSLO-1").locator(".word").textContent(), word);
      }
      const [red] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
      assert.equal(red > 128, colorScheme === "light");
      const contrasts = await page.evaluate(contrastsOf, [
        "h1", ".sub", "#connection-state", ".last", "#token-open", "label", "#search-match", ".summary", "thead th.sku",
        "tbody th", "td.location", "td.available b", "td.balance", "td.zero", "td.changed", "[data-band=low_stock] .word",
        "[data-band=in_stock] .word", "[data-band=out_of_stock] .word", ".card .big", ".figures-line", ".legend",
      ]);
      for (const [selector, contrast] of contrasts) {
        assert.ok(contrast >= CONTRAST_MIN, `${selector} has a contrast of ${contrast.toFixed(2)}`);
      }
    } finally {
      await browser.close();
    }
  });
}

test("who asks for less motion gets none", async () => {
  const browser = await startBrowser({ reducedMotion: "reduce" });
  try {
    const page = await browser.open(engine.url);
    await live(page);
    await row(page, "LOW", "OSLO-1").waitFor();
    await engine.receive("LOW", "OSLO-1", 1);
    await page.locator('tr[data-sku="LOW"][data-moved="up"]').waitFor();
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  } finally {
    await browser.close();
  }
});

/** In the page: the contrast of each element's text with what is behind it (WCAG's relative luminance). */
function contrastsOf(selectors) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const linear = (share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
    const [red, green, blue] = rgb.map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return selectors.map((selector) => {
    const target = document.querySelector(selector);
    const behind = [];
    for (let at = target; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const ground = luminance(channels(behind));
    const text = luminance(channels([...behind, getComputedStyle(target).color]));
    return [selector, (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05)];
  });
}
