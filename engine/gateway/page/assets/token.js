// The access token: typed into a dialog, kept in this tab until it is closed, and nowhere else.

import { byId, setText } from "./element.js";

const NAME = "saldo.token";

/** The token of this tab; empty where there is none. */
export function readToken() {
  try {
    return sessionStorage.getItem(NAME) ?? "";
  } catch {
    // The browser is told to keep nothing: the token then lasts as long as the page.
    return "";
  }
}

function writeToken(token) {
  try {
    if (token) sessionStorage.setItem(NAME, token);
    else sessionStorage.removeItem(NAME);
  } catch {
    // As above.
  }
}

/** The dialog in which a token is typed. `told(token)` is called with the new one, empty where it was forgotten. */
export function tokenDialog(told) {
  const dialog = byId("token-dialog");
  const text = byId("token-text");
  const done = (token) => {
    writeToken(token);
    text.value = "";
    dialog.close();
    mark(token);
    told(token);
  };
  byId("token-open").addEventListener("click", () => {
    setText(byId("token-problem"), "");
    dialog.showModal();
    text.focus();
  });
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const token = text.value.trim();
    // A token is sent as part of a subprotocol's name, which takes visible ASCII without separators.
    if (/^[A-Za-z0-9._~+-]+$/.test(token)) done(token);
    else setText(byId("token-problem"), "A token has letters, digits and . _ ~ + - and nothing else.");
  });
  byId("token-forget").addEventListener("click", () => done(""));
  byId("token-cancel").addEventListener("click", () => dialog.close());
  mark(readToken());
}

function mark(token) {
  setText(byId("token-open"), token ? "Token set" : "Token");
}
