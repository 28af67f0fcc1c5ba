// A client stays connected: it waits with jitter, tries again, and says its state.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientStatus, NetworkEvents } from '@saldo/client';
import { FakeEngine } from './support/fake_engine.js';

test('it tells its states in order', async () => {
  const engine = new FakeEngine();
  const states: string[] = [];
  const client = engine.client({ onState: ({ state }) => states.push(state) });
  assert.equal(client.state, 'connecting');
  (await engine.socket()).open();
  (await engine.socket()).cut();
  await engine.reconnected();
  client.close();
  assert.deepEqual(states, ['live', 'waiting', 'connecting', 'live', 'closed']);
  assert.deepEqual(engine.clock.waits, []);
  assert.equal(engine.sockets[1]?.closedWith, 1000);
});

test('waits are drawn below a doubling ceiling, and are short again after a steady connection', async () => {
  const engine = new FakeEngine();
  engine.drawn = 0.999;
  const waits: (number | undefined)[] = [];
  engine.client({
    backoff: { baseMs: 1_000, maxMs: 4_000 },
    steadyMs: 10_000,
    onState: ({ state, retryInMs }) => {
      if (state === 'waiting') {
        waits.push(retryInMs);
      }
    },
  });
  for (const open of [false, false, false, true]) {
    const socket = await engine.socket();
    if (open) {
      socket.open();
      // Not long enough to count as steady.
      engine.clock.advance(9_000);
    }
    socket.cut();
    engine.clock.advance(4_000);
  }
  const steady = await engine.socket();
  steady.open();
  engine.clock.advance(10_000);
  steady.cut();
  assert.deepEqual(waits, [999, 1998, 3996, 3996, 999]);
});

test('no attempt is made before its time', async () => {
  const engine = new FakeEngine();
  engine.client({ backoff: { baseMs: 1_000 } });
  (await engine.socket()).cut();
  engine.clock.advance(499);
  await engine.socket();
  assert.equal(engine.sockets.length, 1);
  engine.clock.advance(1);
  await engine.socket(2);
});

test('"try again later" waits a second at least, also where the draw is nothing', async () => {
  const engine = new FakeEngine();
  engine.drawn = 0;
  const client = engine.client();
  const socket = await engine.socket();
  socket.open();
  socket.cut(1013, 'the reader is too slow: cursor 1a-2');
  assert.equal(client.status.retryInMs, 1_000);
  assert.match(client.status.reason ?? '', /too slow/);
});

test('attempts that never open are told as a possible refusal, and go on', async () => {
  const engine = new FakeEngine();
  const told: ClientStatus[] = [];
  const client = engine.client({ onState: (status) => told.push(status) });
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    (await engine.socket(attempt)).cut();
    engine.clock.advance(31_000);
  }
  const waiting = told.filter(({ state }) => state === 'waiting');
  assert.deepEqual(waiting.map(({ refused }) => refused), [undefined, undefined, true]);
  assert.match(waiting[2]?.reason ?? '', /no engine is there, or it refuses/);
  (await engine.socket()).open();
  assert.equal(client.status.state, 'live');
  assert.equal(client.status.refused, undefined);
});

test('a refusal that the platform tells is said at once, and waits long', async () => {
  const engine = new FakeEngine();
  engine.drawn = 0.999;
  const client = engine.client({ token: 'wrong' });
  const socket = await engine.socket();
  assert.deepEqual(socket.protocols, ['saldo.v1.json', 'saldo.token.wrong']);
  socket.onerror?.({ message: 'Unexpected server response: 401' });
  socket.cut();
  assert.equal(client.status.refused, true);
  assert.match(client.status.reason ?? '', /HTTP 401/);
  assert.equal(client.status.retryInMs, 29_970);
});

test('an engine that starts is not taken for one that refuses', async () => {
  const engine = new FakeEngine();
  const client = engine.client();
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const socket = await engine.socket(attempt);
    socket.onerror?.({ message: 'Unexpected server response: 503' });
    socket.cut();
    assert.equal(client.status.refused, undefined);
    assert.match(client.status.reason ?? '', /503/);
    engine.clock.advance(31_000);
  }
});

test('a connection that does not open is given up', async () => {
  const engine = new FakeEngine();
  const client = engine.client({ openMs: 5_000 });
  const socket = await engine.socket();
  engine.clock.advance(5_000);
  assert.equal(client.state, 'waiting');
  assert.equal(socket.closedWith, 4000);
  socket.open();
  assert.equal(client.state, 'waiting', 'what was given up is not heard any more');
});

test('a dead connection is found by a ping that nothing answers', async () => {
  const engine = new FakeEngine();
  const client = engine.client({ pingMs: 15_000, pongMs: 10_000 });
  const socket = await engine.socket();
  socket.open();
  engine.clock.advance(15_000);
  assert.equal(socket.count('ping'), 1);
  socket.say({ type: 'pong' });
  engine.clock.advance(10_000);
  assert.equal(client.state, 'live');
  engine.clock.advance(15_000);
  assert.equal(socket.count('ping'), 2);
  engine.clock.advance(9_999);
  assert.equal(client.state, 'live');
  engine.clock.advance(1);
  assert.equal(client.state, 'waiting');
  assert.match(client.status.reason ?? '', /nothing was heard for 10000 ms/);
});

test('a frame that cannot be read ends the connection, since a change may be lost with it', async () => {
  const engine = new FakeEngine();
  const client = engine.client();
  const socket = await engine.socket();
  socket.open();
  socket.onmessage?.({ data: '{"type":' });
  assert.equal(client.state, 'waiting');
  assert.match(client.status.reason ?? '', /could not be read/);
});

test('messages of a type that is not known are passed over', async () => {
  const engine = new FakeEngine();
  const client = engine.client();
  const socket = await engine.socket();
  socket.open();
  socket.onmessage?.({ data: '{"type":"weather","id":"a"}' });
  assert.equal(client.state, 'live');
});

test('"online" ends a wait at once, and has an open connection looked at', async () => {
  const listeners = new Map<string, () => void>();
  const network: NetworkEvents = {
    addEventListener: (type, listener) => void listeners.set(type, listener),
    removeEventListener: (type) => void listeners.delete(type),
  };
  const engine = new FakeEngine();
  const client = engine.client({ network });
  (await engine.socket()).cut();
  listeners.get('online')?.();
  assert.equal(client.state, 'connecting');
  const second = await engine.socket(2);
  assert.equal(engine.clock.waits.length, 1, 'only the new attempt is watched');
  second.open();
  listeners.get('offline')?.();
  assert.equal(second.count('ping'), 1);
  engine.clock.advance(10_000);
  assert.equal(client.state, 'waiting');
  client.close();
  assert.equal(listeners.size, 0);
});

test('a WebSocket that throws is a failed attempt', async () => {
  const engine = new FakeEngine();
  const client = engine.client({
    webSocket: class {
      constructor() {
        throw new Error('ws: may not be opened from https:');
      }
    },
  });
  await assert.rejects(engine.socket(1));
  assert.equal(client.state, 'waiting');
  assert.match(client.status.reason ?? '', /may not be opened/);
  client.close();
});

test('a handler that closes the client in the middle hears of it once', async () => {
  for (const when of ['loading', 'waiting'] as const) {
    const engine = new FakeEngine();
    const states: string[] = [];
    const client = engine.client({ onState: ({ state }) => states.push(state) });
    client.subscribe({
      onState: (state) => {
        if (state === when) {
          client.close();
        }
      },
    });
    const socket = await engine.socket();
    socket.open();
    socket.cut();
    assert.deepEqual(states.filter((state) => state === 'closed'), ['closed']);
    assert.equal(states.at(-1), 'closed');
    assert.deepEqual(engine.clock.waits, []);
  }
});

test('whenLive waits for the connection, and rejects where there will be none', async () => {
  const engine = new FakeEngine();
  const client = engine.client();
  const live = client.whenLive();
  (await engine.socket()).open();
  await live;
  await client.whenLive();
  client.close();
  await assert.rejects(client.whenLive(), { name: 'NotLive' });
  assert.throws(() => client.subscribe({}), { name: 'NotLive' });
});
