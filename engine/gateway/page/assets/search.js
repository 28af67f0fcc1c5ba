// The search: which SKU, compared how, at which location. What is typed narrows the subscription itself.

import { byId, setText } from "./element.js";

/** How long typing must rest before the engine is asked. */
const REST_MS = 250;
const SKU_BYTES_MAX = 64;
const LOCATION_BYTES_MAX = 32;

const bytes = (text) => new TextEncoder().encode(text).length;

/** The selection of a search `{sku, isExact, location}`; what is empty means all. */
export function selectionOfSearch({ sku, isExact, location }) {
  const selection = {};
  if (sku) selection[isExact ? "skus" : "skuPrefixes"] = [sku];
  if (location) selection.locations = [location];
  return selection;
}

/** The search form. */
export class Search {
  #sku = byId("search-sku");
  #match = byId("search-match");
  #location = byId("search-location");
  #asked;
  #told;
  #timer = null;

  /** `told(search)` is called with each search that is another than the last. */
  constructor(search, told) {
    this.#told = told;
    this.#sku.value = search.sku;
    this.#match.value = search.isExact ? "exact" : "prefix";
    this.#location.value = search.location;
    this.#asked = JSON.stringify(search);
    const form = byId("search");
    form.addEventListener("input", (event) => {
      if (event.target.id !== "board-order") this.#rest();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), REST_MS);
  }

  #ask() {
    clearTimeout(this.#timer);
    const search = {
      sku: this.#sku.value,
      isExact: this.#match.value === "exact",
      location: this.#location.value,
    };
    const problem = this.#problem(search);
    setText(byId("search-problem"), problem);
    const asked = JSON.stringify(search);
    if (problem || asked === this.#asked) return;
    this.#asked = asked;
    this.#told(search);
  }

  /** Why the engine would not take this search; empty where it would. */
  #problem({ sku, location }) {
    const skuBytes = bytes(sku);
    const locationBytes = bytes(location);
    const isSkuLong = skuBytes > SKU_BYTES_MAX;
    const isLocationLong = locationBytes > LOCATION_BYTES_MAX;
    this.#sku.setAttribute("aria-invalid", String(isSkuLong));
    this.#location.setAttribute("aria-invalid", String(isLocationLong));
    if (isSkuLong) return `A SKU has at most ${SKU_BYTES_MAX} bytes; this has ${skuBytes}.`;
    if (isLocationLong) return `A location has at most ${LOCATION_BYTES_MAX} bytes; this has ${locationBytes}.`;
    return "";
  }
}
