// Levels as an asynchronous iteration.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine, level, type FakeSocket } from './support/fake_engine.js';

function tell(socket: FakeSocket, ...levels: ReturnType<typeof level>[]): void {
  socket.say({ type: 'delta', id: socket.last('subscribe').id, levels, cursor: 'c' });
}

test('a slow loop gets the newest level of each key, and leaving it unsubscribes', async () => {
  const engine = new FakeEngine();
  const client = engine.client();
  const socket = await engine.socket();
  socket.open();
  const seen: string[] = [];
  const looped = (async () => {
    for await (const { sku, version } of client.levels<'exact'>({ skus: ['A', 'B'] })) {
      seen.push(`${sku}@${version}`);
      if (sku === 'A' && version === 1) {
        tell(socket, level('A', 2), level('B', 1), level('A', 3));
      }
      if (version === 4) {
        break;
      }
    }
  })();
  await engine.socket();
  assert.deepEqual(socket.last('subscribe').skus, ['A', 'B']);
  tell(socket, level('A', 1));
  await engine.socket();
  tell(socket, level('B', 4));
  await looped;
  assert.deepEqual(seen, ['A@1', 'A@3', 'B@1', 'B@4']);
  assert.equal(socket.count('unsubscribe'), 1);
});

test('a refusal is thrown, and close ends the loop', async () => {
  const engine = new FakeEngine();
  const client = engine.client();
  const socket = await engine.socket();
  socket.open();
  const refused = client.levels().next();
  await engine.socket();
  const { id } = socket.last('subscribe');
  socket.say({ type: 'error', id, code: 'forbidden', detail: 'no' });
  await assert.rejects(refused, { name: 'Refused', code: 'forbidden' });
  const ended = client.levels().next();
  await engine.socket();
  client.close();
  assert.deepEqual(await ended, { done: true, value: undefined });
});
