// How much of a key can be sold, in one word. Each word has a shape and a colour of its own: neither the word
// nor the shape needs the colour.

/** Units up to which stock is called low where the engine tells figures and leaves the word to the page. */
const LOW_STOCK_UNITS = 5;

const WORDS = { in_stock: "In stock", low_stock: "Low", out_of_stock: "Out" };

/** The band of a level, whichever view of it the engine gives: `in_stock`, `low_stock` or `out_of_stock`. */
export function bandOf(level) {
  if (level.availability) return level.availability;
  if (typeof level.is_available === "boolean") return level.is_available ? "in_stock" : "out_of_stock";
  const promisable = level.available + level.oversell_limit;
  if (promisable <= 0) return "out_of_stock";
  return promisable <= LOW_STOCK_UNITS ? "low_stock" : "in_stock";
}

/** The band in words. */
export const bandWord = (band) => WORDS[band] ?? band;
