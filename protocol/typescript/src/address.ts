// The address of the feed, from whatever form of the engine's address the caller has.

import { SaldoError } from './error.js';

const FEED_PATH = '/v1/feed';
const TOKEN_PROTOCOL = 'saldo.token.';

/** The text frames of the feed. */
export const JSON_PROTOCOL = 'saldo.v1.json';

/** What a token may hold to fit a subprotocol: a token of RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The WebSocket address for `http(s)://` and `ws(s)://` addresses with or without a path; in a browser also for
 * relative ones: '' is the page's own origin. A path is taken as the engine's prefix behind a proxy, unless it is
 * the feed's own.
 */
export function feedAddress(url: string, page: string | undefined): string {
  const base = page === undefined ? undefined : new URL('/', page);
  let address: URL;
  try {
    address = new URL(url, base);
  } catch {
    const hint = base ? '' : ' (a relative one needs a page to be relative to)';
    throw new SaldoError(`${JSON.stringify(url)} is no address of an engine${hint}`);
  }
  address.protocol = address.protocol.replace(/^http/, 'ws');
  if (!/^wss?:$/.test(address.protocol)) {
    throw new SaldoError(
      `${JSON.stringify(url)} is no address of an engine: it must begin with http, https, ws or wss`,
    );
  }
  address.hash = '';
  address.search = '';
  const path = address.pathname.replace(/\/+$/, '');
  address.pathname = path.endsWith(FEED_PATH) ? path : path + FEED_PATH;
  return address.href;
}

/** The subprotocols to offer: a browser's WebSocket cannot set headers, so the token goes as one of them. */
export function protocols(token: string | undefined): string[] {
  if (token === undefined) {
    return [JSON_PROTOCOL];
  }
  if (!TOKEN.test(token)) {
    throw new SaldoError('the token holds characters that no token of an engine has');
  }
  return [JSON_PROTOCOL, TOKEN_PROTOCOL + token];
}
