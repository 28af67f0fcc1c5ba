// From the engine's address to that of its feed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feedAddress, protocols } from '../dist/address.js';

const PAGE = 'https://shop.test/board/index.html?x=1#y';

for (const [url, page, wanted] of [
  ['http://engine.test:7700', undefined, 'ws://engine.test:7700/v1/feed'],
  ['https://engine.test/', undefined, 'wss://engine.test/v1/feed'],
  ['ws://engine.test', undefined, 'ws://engine.test/v1/feed'],
  ['wss://engine.test/stock/', undefined, 'wss://engine.test/stock/v1/feed'],
  ['wss://engine.test/stock/v1/feed', undefined, 'wss://engine.test/stock/v1/feed'],
  ['', PAGE, 'wss://shop.test/v1/feed'],
  ['/stock', PAGE, 'wss://shop.test/stock/v1/feed'],
  ['http://engine.test', PAGE, 'ws://engine.test/v1/feed'],
] as const) {
  test(`${JSON.stringify(url)} is ${wanted}`, () => {
    assert.equal(feedAddress(url, page), wanted);
  });
}

test('what is no address is refused', () => {
  assert.throws(() => feedAddress('', undefined), /needs a page/);
  assert.throws(() => feedAddress('ftp://engine.test', undefined), /must begin with http/);
  assert.throws(() => feedAddress('http://', undefined), /no address/);
});

test('a token is offered beside the form, and one that fits no subprotocol is refused', () => {
  assert.deepEqual(protocols(undefined), ['saldo.v1.json']);
  assert.deepEqual(protocols('abc-1'), ['saldo.v1.json', 'saldo.token.abc-1']);
  assert.throws(() => protocols('a b'), /token/);
  assert.throws(() => protocols(''), /token/);
});
