// A subscription of levels holds the newest level of each key, whatever becomes of the connection.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ExactLevel,
  Refused,
  SaldoClient,
  SubscribeOptions,
  Subscription,
  SubscriptionState,
} from '@saldo/client';
import { FakeEngine, level, type FakeSocket } from './support/fake_engine.js';

interface Watch {
  readonly engine: FakeEngine;
  readonly client: SaldoClient;
  readonly subscription: Subscription<'exact'>;
  /** `SKU@version` for each onLevel, `-SKU` for each onGone, `full` or `part` for each onSnapshot. */
  readonly told: string[];
  readonly states: SubscriptionState[];
  readonly errors: Refused[];
  take(): string[];
}

function watch(options: SubscribeOptions<'exact'> = {}): Watch {
  const engine = new FakeEngine();
  const client = engine.client();
  const told: string[] = [];
  const states: SubscriptionState[] = [];
  const errors: Refused[] = [];
  const subscription = client.subscribe<'exact'>({
    onLevel: ({ sku, version }) => told.push(`${sku}@${version}`),
    onGone: ({ sku }) => told.push(`-${sku}`),
    onSnapshot: ({ full }) => told.push(full ? 'full' : 'part'),
    onState: (state) => states.push(state),
    onError: (error) => errors.push(error),
    ...options,
  });
  return { engine, client, subscription, told, states, errors, take: () => told.splice(0) };
}

function available(subscription: Subscription<'exact'>): Record<string, number> {
  return Object.fromEntries([...subscription.levels.values()].map((l) => [l.sku, l.available]));
}

/** Opens the first socket and tells a whole snapshot. */
async function loaded(watched: Watch, levels: ExactLevel[], cursor = 'c1'): Promise<FakeSocket> {
  const socket = await watched.engine.socket();
  socket.open();
  tellSnapshot(socket, levels, cursor);
  return socket;
}

function tellSnapshot(socket: FakeSocket, levels: ExactLevel[], cursor: string, full?: true): void {
  const { id } = socket.last('subscribe');
  socket.say({ type: 'subscribed', id, cursor: 'c0' });
  socket.say({ type: 'snapshot', id, levels, done: true, cursor, ...(full && { full }) });
}

function tellDelta(socket: FakeSocket, levels: ExactLevel[], cursor: string): void {
  socket.say({ type: 'delta', id: socket.last('subscribe').id, levels, cursor });
}

test('what is asked for goes out when the connection opens', async () => {
  const { engine } = watch({ skus: ['A'], skuPrefixes: ['T-'], locations: ['OSLO-1'], view: 'exact' });
  const socket = await engine.socket();
  assert.deepEqual(socket.frames, []);
  socket.open();
  assert.deepEqual(socket.frames, [
    {
      type: 'subscribe',
      id: 's1',
      skus: ['A'],
      sku_prefixes: ['T-'],
      locations: ['OSLO-1'],
      mode: 'levels',
      view: 'exact',
    },
  ]);
});

test('pages and deltas in any order: the highest version of each key is kept and told once', async () => {
  const watched = watch();
  const socket = await watched.engine.socket();
  socket.open();
  const { id } = socket.last('subscribe');
  socket.say({ type: 'subscribed', id, cursor: 'c0' });
  socket.say({ type: 'snapshot', id, levels: [level('A', 1)], done: false, cursor: 'c0' });
  socket.say({ type: 'delta', id, levels: [level('B', 5), level('A', 2)], cursor: 'c0' });
  socket.say({ type: 'snapshot', id, levels: [level('B', 4), level('C', 1)], done: true, cursor: 'c1' });
  tellDelta(socket, [level('A', 2)], 'c2');
  tellDelta(socket, [level('A', 1)], 'c3');
  assert.deepEqual(watched.told, ['A@1', 'B@5', 'A@2', 'C@1', 'full']);
  assert.deepEqual(available(watched.subscription), { A: 2, B: 5, C: 1 });
  assert.equal(watched.subscription.level('B', 'OSLO-1')?.version, 5);
  assert.deepEqual(watched.states, ['loading', 'live']);
  assert.equal(watched.subscription.view, 'exact');
});

test('it resumes from the cursor of the last delta, and is told only what changed', async () => {
  const watched = watch();
  const socket = await loaded(watched, [level('A', 1), level('B', 1)]);
  tellDelta(socket, [level('A', 2)], 'c2');
  socket.cut();
  assert.equal(watched.subscription.state, 'waiting');
  watched.take();
  const second = await watched.engine.reconnected();
  assert.equal(second.last('subscribe').cursor, 'c2');
  assert.notEqual(second.last('subscribe').id, socket.last('subscribe').id);
  tellSnapshot(second, [level('B', 2)], 'c3');
  assert.deepEqual(watched.take(), ['B@2', 'part']);
  assert.deepEqual(available(watched.subscription), { A: 2, B: 2 });
});

test('a snapshot that was cut short is asked for again from where the last complete one stood', async () => {
  const watched = watch();
  const first = await watched.engine.socket();
  first.open();
  const { id } = first.last('subscribe');
  first.say({ type: 'subscribed', id, cursor: 'c0' });
  first.say({ type: 'snapshot', id, levels: [level('A', 1)], done: false, cursor: 'c0' });
  first.say({ type: 'delta', id, levels: [level('A', 2)], cursor: 'c0' });
  first.cut();
  const second = await watched.engine.reconnected();
  assert.equal(second.last('subscribe').cursor, undefined);
  tellSnapshot(second, [level('A', 2), level('B', 1)], 'c5');
  second.cut();
  const third = await watched.engine.reconnected();
  third.say({ type: 'delta', id: third.last('subscribe').id, levels: [level('B', 2)], cursor: 'c5' });
  third.cut();
  const fourth = await watched.engine.reconnected();
  assert.equal(fourth.last('subscribe').cursor, 'c5');
  assert.deepEqual(watched.told, ['A@1', 'A@2', 'B@1', 'full', 'B@2']);
});

test('a full snapshot: keys that are not in it are gone, and that is told', async () => {
  const watched = watch();
  const socket = await loaded(watched, [level('A', 3), level('B', 7)]);
  socket.cut();
  watched.take();
  const second = await watched.engine.reconnected();
  tellSnapshot(second, [level('A', 3)], 'c9', true);
  assert.deepEqual(watched.take(), ['-B', 'full']);
  assert.deepEqual(available(watched.subscription), { A: 3 });
});

test('a full snapshot of another journal replaces higher versions, also of deltas that came before it', async () => {
  const watched = watch();
  const socket = await loaded(watched, [level('A', 30), level('B', 2), level('C', 9)]);
  socket.cut();
  watched.take();
  const second = await watched.engine.reconnected();
  const { id } = second.last('subscribe');
  second.say({ type: 'subscribed', id, cursor: 'n0' });
  second.say({ type: 'delta', id, levels: [level('A', 5, 50, 2)], cursor: 'n0' });
  const levels = [level('A', 4, 40, 2), level('B', 2, 20, 2)];
  second.say({ type: 'snapshot', id, levels, full: true, done: true, cursor: 'n1' });
  assert.deepEqual(watched.take(), ['A@5', 'B@2', '-C', 'full']);
  assert.deepEqual(available(watched.subscription), { A: 50, B: 20 });
});

test('update selects other keys on the same connection, and a change in between is not lost', async () => {
  const watched = watch({ skus: ['A', 'B'] });
  const socket = await loaded(watched, [level('A', 1), level('B', 1)]);
  const old = socket.last('subscribe').id;
  watched.take();
  watched.subscription.update({ skus: ['B', 'C'] });
  assert.deepEqual(watched.take(), ['-A']);
  assert.equal(socket.last('unsubscribe').id, old);
  const { id, skus, cursor } = socket.last('subscribe');
  assert.deepEqual([skus, cursor], [['B', 'C'], undefined]);
  assert.notEqual(id, old);
  // Sent before the engine read `unsubscribe`: it comes again in the snapshot.
  socket.say({ type: 'delta', id: old, levels: [level('A', 2), level('B', 2)], cursor: 'c2' });
  socket.say({ type: 'unsubscribed', id: old });
  tellSnapshot(socket, [level('B', 2), level('C', 1)], 'c3');
  assert.deepEqual(watched.take(), ['B@2', 'C@1', 'full']);
  assert.deepEqual(available(watched.subscription), { B: 2, C: 1 });
  assert.equal(watched.engine.sockets.length, 1);
});

test('an update while there is no connection holds for the next one', async () => {
  const watched = watch({ skus: ['A'] });
  (await loaded(watched, [level('A', 1)])).cut();
  watched.subscription.update({ skus: ['B'] });
  const second = await watched.engine.reconnected();
  assert.deepEqual(second.last('subscribe').skus, ['B']);
  assert.equal(second.last('subscribe').cursor, undefined);
  assert.equal(second.count('subscribe'), 1);
  assert.equal(second.count('unsubscribe'), 0);
});

test('after unsubscribe nothing is told, not even the rest of a message', async () => {
  const seen: string[] = [];
  const watched: Watch = watch({
    onLevel: ({ sku }) => {
      seen.push(sku);
      watched.subscription.unsubscribe();
    },
  });
  const socket = await loaded(watched, [level('A', 1), level('B', 1)]);
  assert.deepEqual(seen, ['A']);
  assert.equal(watched.subscription.state, 'ended');
  assert.equal(socket.count('unsubscribe'), 1);
  watched.subscription.unsubscribe();
  watched.subscription.update({ skus: ['C'] });
  assert.equal(socket.count('unsubscribe'), 1);
  assert.equal(socket.count('subscribe'), 1);
  socket.cut();
  assert.equal((await watched.engine.reconnected()).count('subscribe'), 0);
});

test('an update from within onLevel leaves nothing of the old selection behind', async () => {
  const watched: Watch = watch({
    onLevel: ({ sku }) => {
      if (sku === 'A') {
        watched.subscription.update({ skus: ['C'] });
      }
    },
  });
  const socket = await loaded(watched, [level('A', 1), level('B', 1)]);
  tellSnapshot(socket, [level('C', 1)], 'c2');
  assert.deepEqual(available(watched.subscription), { C: 1 });
  assert.equal(watched.subscription.state, 'live');
});

test('a refusal ends it and is told; it is not asked for again', async () => {
  const watched = watch();
  const socket = await watched.engine.socket();
  socket.open();
  const { id } = socket.last('subscribe');
  socket.say({ type: 'error', id, code: 'forbidden', detail: 'no exact levels for this token' });
  assert.deepEqual(watched.errors.map(({ code }) => code), ['forbidden']);
  assert.equal(watched.subscription.state, 'ended');
  socket.cut();
  assert.equal((await watched.engine.reconnected()).count('subscribe'), 0);
});

test('a transient refusal is tried again after a wait', async () => {
  const watched = watch();
  const socket = await watched.engine.socket();
  socket.open();
  const { id } = socket.last('subscribe');
  socket.say({ type: 'error', id, code: 'not_ready', detail: 'the snapshot cannot be read' });
  assert.equal(watched.subscription.state, 'loading');
  assert.equal(socket.count('subscribe'), 1);
  watched.engine.clock.advance(250);
  assert.equal(socket.count('subscribe'), 2);
  tellSnapshot(socket, [level('A', 1)], 'c1');
  assert.equal(watched.subscription.state, 'live');
  assert.deepEqual(watched.errors, []);
});

test('a single subscription goes on from the cursor in the reason of a close', async () => {
  const watched = watch();
  const socket = await loaded(watched, [level('A', 1)]);
  socket.cut(1013, 'the reader is too slow: cursor 1a-4f');
  const second = await watched.engine.reconnected();
  assert.equal(second.last('subscribe').cursor, '1a-4f');
});

test('of several subscriptions each goes on from its own cursor', async () => {
  const watched = watch();
  const socket = await loaded(watched, [level('A', 1)]);
  const other = watched.client.subscribe({ skus: ['Z'] });
  tellSnapshot(socket, [], 'c7');
  socket.cut(1013, 'cursor 1a-4f');
  const second = await watched.engine.reconnected();
  const cursors = second.frames.map((frame) => frame.type === 'subscribe' && frame.cursor);
  assert.deepEqual(cursors, ['c1', 'c7']);
  assert.equal(other.state, 'loading');
});

test('a cursor in the reason is of no use to a snapshot that is not complete', async () => {
  const watched = watch();
  const socket = await watched.engine.socket();
  socket.open();
  socket.say({ type: 'subscribed', id: socket.last('subscribe').id, cursor: 'c0' });
  socket.cut(1013, 'cursor 1a-4f');
  assert.equal((await watched.engine.reconnected()).last('subscribe').cursor, undefined);
});

test('levels of another view are thrown away, and all is asked for anew', async () => {
  const watched = watch();
  (await loaded(watched, [level('A', 4)])).cut();
  watched.take();
  const second = await watched.engine.reconnected();
  const { id } = second.last('subscribe');
  second.say({ type: 'subscribed', id, cursor: 'c1', view: 'banded' });
  assert.deepEqual(watched.take(), ['-A']);
  assert.equal(second.last('unsubscribe').id, id);
  assert.equal(second.last('subscribe').cursor, undefined);
  assert.equal(watched.subscription.view, 'banded');
});

test('what a handler throws harms neither the levels nor the connection', async () => {
  const thrown: unknown[] = [];
  const caught = (error: unknown): void => void thrown.push(error);
  process.setUncaughtExceptionCaptureCallback(caught);
  try {
    const watched = watch({
      onLevel: () => {
        throw new Error('the handler is at fault');
      },
    });
    await loaded(watched, [level('A', 1), level('B', 1)]);
    await watched.engine.socket();
    assert.deepEqual(available(watched.subscription), { A: 1, B: 1 });
    assert.equal(watched.client.state, 'live');
    assert.equal(thrown.length, 2);
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
});
