// The search and the watched keys as part of the page's address, behind the `#`, so that a reload, a bookmark and
// a colleague see the same. It is never sent to the engine as part of a request for the page.

/** What the address says: `{search, watched}`. What it does not say, or says wrongly, is left at nothing. */
export function readAddress() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const search = {
    sku: fields.get("sku") ?? fields.get("prefix") ?? "",
    isExact: fields.has("sku"),
    location: fields.get("location") ?? "",
  };
  const watched = [];
  for (const text of fields.getAll("watch")) {
    // A slash in a SKU or a location is encoded, so that the first one parts them.
    const [sku, place] = text.split("/").map(decoded);
    if (sku && place) watched.push({ sku, location: place });
  }
  return { search, watched };
}

/** Writes what `readAddress` reads, without a new entry in the history. */
export function writeAddress({ search, watched }) {
  const fields = new URLSearchParams();
  if (search.sku) fields.set(search.isExact ? "sku" : "prefix", search.sku);
  if (search.location) fields.set("location", search.location);
  for (const { sku, location: place } of watched) {
    fields.append("watch", `${encodeURIComponent(sku)}/${encodeURIComponent(place)}`);
  }
  const text = fields.toString();
  history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
