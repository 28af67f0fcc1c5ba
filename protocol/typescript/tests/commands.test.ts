// Commands are answered once, or said to be of unknown outcome.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutcomeUnknown, type Command, type SaldoClient } from '@saldo/client';
import { FakeEngine, type FakeSocket } from './support/fake_engine.js';

const SELL: Command = { op: 'sell', key: 'till-7-81', sku: 'TEE', location: 'OSLO-1', quantity: 1 };

async function live(engine: FakeEngine): Promise<[SaldoClient, FakeSocket]> {
  const client = engine.client();
  const socket = await engine.socket();
  socket.open();
  return [client, socket];
}

test('replies find their frame in any order', async () => {
  const [client, socket] = await live(new FakeEngine());
  const first = client.commands([SELL]);
  const firstId = socket.last('commands').id;
  const second = client.commands([SELL, SELL]);
  const secondId = socket.last('commands').id;
  assert.notEqual(firstId, secondId);
  const refused = { ok: false, code: 'insufficient_stock', available: 0 } as const;
  socket.say({ type: 'replies', id: secondId, replies: [refused, refused] });
  socket.say({ type: 'replies', id: firstId, replies: [{ ok: true, version: 2, available: 1 }] });
  assert.deepEqual(await first, [{ ok: true, version: 2, available: 1 }]);
  assert.deepEqual(await second, [refused, refused]);
});

test('a broken connection makes their outcome unknown, with the commands to send again', async () => {
  const [client, socket] = await live(new FakeEngine());
  const replies = client.commands([SELL]);
  socket.cut();
  await assert.rejects(replies, (error) => {
    assert.ok(error instanceof OutcomeUnknown);
    assert.deepEqual(error.commands, [SELL]);
    return true;
  });
});

test('so does close', async () => {
  const [client] = await live(new FakeEngine());
  const replies = client.commands([SELL]);
  client.close();
  await assert.rejects(replies, { name: 'OutcomeUnknown' });
});

test('a frame that is refused whole says why', async () => {
  const [client, socket] = await live(new FakeEngine());
  const replies = client.commands([SELL]);
  const { id } = socket.last('commands');
  socket.say({ type: 'error', id, code: 'forbidden', detail: 'the role `read` sends no commands' });
  await assert.rejects(replies, { name: 'Refused', code: 'forbidden' });
});

test('without a connection nothing is sent', async () => {
  const engine = new FakeEngine();
  const client = engine.client();
  await assert.rejects(client.commands([SELL]), { name: 'NotLive' });
  const socket = await engine.socket();
  assert.deepEqual(socket.frames, []);
});

test('frames in flight have a limit', async () => {
  const engine = new FakeEngine();
  const client = engine.client({ framesInFlightMax: 1 });
  const socket = await engine.socket();
  socket.open();
  const first = client.commands([SELL]);
  await assert.rejects(client.commands([SELL]), { name: 'Refused', code: 'overloaded' });
  assert.equal(socket.count('commands'), 1);
  socket.say({ type: 'replies', id: socket.last('commands').id, replies: [] });
  await first;
});

test('an error that names no frame is told to the client', async () => {
  const engine = new FakeEngine();
  const told: string[] = [];
  engine.client({ onError: ({ message }) => told.push(message) });
  const socket = await engine.socket();
  socket.open();
  socket.say({ type: 'error', code: 'malformed', detail: 'not JSON' });
  assert.deepEqual(told, ['malformed: not JSON']);
});
