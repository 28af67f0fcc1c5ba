// Puts the page together: what is typed goes to the address and the subscription, what is heard to the board, the
// watched keys and the list of movements.

import { Activity } from "./activity.js";
import { readAddress, writeAddress } from "./address.js";
import { Board } from "./board.js";
import { Connection } from "./connection.js";
import { byId, setText } from "./element.js";
import { Feed } from "./feed.js";
import { pause } from "./frames.js";
import { Movements } from "./movements.js";
import { Search, selectionOfSearch } from "./search.js";
import { Stock } from "./stock.js";
import { readToken, tokenDialog } from "./token.js";
import { Watches } from "./watches.js";

const address = readAddress();
let feed = null;

const activity = new Activity();
const watches = new Watches(() => {
  board.drawWatched();
  movements.follow();
  remember();
});
const stock = new Stock((key) => {
  board.changed(key);
  if (key === null) movements.follow();
});
const board = new Board(stock, watches);
const movements = new Movements({ stock, watches, activity });
const connection = new Connection();

function remember() {
  writeAddress({ ...address, watched: watches.keys });
}

/** Connects with a token in place of the connection that there is. */
function open(token) {
  feed?.close();
  feed = null;
  try {
    feed = new Feed(token, {
      status: (status) => connection.status(status),
      heard: () => connection.heard(),
    });
  } catch (error) {
    connection.cannot(error.message);
    return;
  }
  connection.open(feed);
  stock.open(feed);
  watches.open(feed);
  movements.open(feed);
}

new Search(address.search, (search) => {
  address.search = search;
  board.rewind();
  stock.select(selectionOfSearch(search));
  remember();
});
tokenDialog(open);
byId("pause").addEventListener("click", ({ currentTarget }) => {
  const paused = currentTarget.getAttribute("aria-pressed") !== "true";
  currentTarget.setAttribute("aria-pressed", String(paused));
  setText(currentTarget, paused ? "Go on" : "Pause");
  pause(paused);
});

// The address is the search's: a link within the page moves the focus and leaves the address alone.
for (const link of document.querySelectorAll('a[href^="#"]')) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const target = byId(link.getAttribute("href").slice(1));
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  });
}

stock.select(selectionOfSearch(address.search));
for (const key of address.watched) watches.toggle(key);
open(readToken());
