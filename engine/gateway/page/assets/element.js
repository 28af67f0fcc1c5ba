// Making elements. Text goes in as text, never as markup: a SKU may hold anything.

/** An element with a class and a text, either of which may be left out. */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** Sets a text only where it differs, so that what did not change is not laid out again. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** The element of this id, which the page has. */
export const byId = (id) => document.getElementById(id);
