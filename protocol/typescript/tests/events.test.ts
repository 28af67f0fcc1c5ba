// A follower is told every movement once, and of a gap where there is one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FollowOptions, Follower, GapTold, Movement } from '@saldo/client';
import { FakeEngine, type FakeSocket } from './support/fake_engine.js';

const NOTHING = {
  on_hand: 0,
  reserved: 0,
  committed: 0,
  damaged: 0,
  quality_control: 0,
  safety_stock: 0,
  incoming: 0,
  available: 0,
};

function movement(number: number): Movement {
  return {
    cursor: `m${number}`,
    sku: 'A',
    location: 'OSLO-1',
    version: number,
    kind: 'received',
    quantity: 1,
    before: NOTHING,
    after: NOTHING,
    at: '2026-01-01T00:00:00.000000Z',
  };
}

interface Followed {
  readonly engine: FakeEngine;
  readonly follower: Follower;
  readonly versions: number[];
  readonly gaps: GapTold[];
  readonly socket: FakeSocket;
}

async function follow(options: FollowOptions = {}): Promise<Followed> {
  const engine = new FakeEngine();
  const versions: number[] = [];
  const gaps: GapTold[] = [];
  const follower = engine.client().follow({
    onEvent: ({ version }) => versions.push(version),
    onGap: (gap) => gaps.push(gap),
    ...options,
  });
  const socket = await engine.socket();
  socket.open();
  return { engine, follower, versions, gaps, socket };
}

function stands(socket: FakeSocket, cursor: string): void {
  socket.say({ type: 'subscribed', id: socket.last('subscribe').id, cursor });
}

function happen(socket: FakeSocket, ...numbers: number[]): void {
  const { id } = socket.last('subscribe');
  socket.say({ type: 'events', id, events: numbers.map(movement) });
}

function gap(socket: FakeSocket, earliest: string): void {
  socket.say({ type: 'gap', id: socket.last('subscribe').id, earliest });
}

test('from now: no cursor, and after a lost connection from the last movement', async () => {
  const { engine, follower, versions, socket } = await follow({ skus: ['A'] });
  assert.deepEqual(socket.frames, [{ type: 'subscribe', id: 's1', skus: ['A'], mode: 'events' }]);
  stands(socket, 'm0');
  assert.equal(follower.state, 'live');
  happen(socket, 1, 2);
  happen(socket, 3);
  assert.equal(follower.cursor, 'm3');
  socket.cut();
  const second = await engine.reconnected();
  assert.equal(second.last('subscribe').cursor, 'm3');
  stands(second, 'm3');
  happen(second, 4);
  assert.deepEqual(versions, [1, 2, 3, 4]);
});

test('a connection lost before the first movement goes on from where the subscription began', async () => {
  for (const from of [undefined, 'earliest', 'm5']) {
    const { engine, socket } = await follow(from === undefined ? {} : { from });
    assert.equal(socket.last('subscribe').cursor, from);
    stands(socket, 'm5');
    socket.cut();
    assert.equal((await engine.reconnected()).last('subscribe').cursor, 'm5');
  }
});

test('a connection lost between `subscribed` and `gap` does not hide the gap', async () => {
  const { engine, gaps, socket } = await follow({ from: 'm1' });
  stands(socket, 'm99');
  socket.cut();
  const second = await engine.reconnected();
  assert.equal(second.last('subscribe').cursor, 'm1');
  stands(second, 'm99');
  gap(second, 'm70');
  assert.deepEqual(gaps, [{ after: 'm1', earliest: 'm70', continues: 'stop' }]);
});

test('a connection lost before the subscription stood asks for the same again', async () => {
  const { engine, socket } = await follow({ from: 'earliest' });
  socket.cut(1013, 'cursor m9');
  assert.equal((await engine.reconnected()).last('subscribe').cursor, 'earliest');
});

test('a gap is told and ends it', async () => {
  const { follower, gaps, socket } = await follow({ from: 'm1' });
  gap(socket, 'm70');
  assert.deepEqual(gaps, [{ after: 'm1', earliest: 'm70', continues: 'stop' }]);
  assert.equal(follower.state, 'ended');
  assert.equal(socket.count('subscribe'), 1);
  assert.equal(socket.count('unsubscribe'), 0);
});

test('a gap is told, and goes on from the earliest or from now where that is asked for', async () => {
  for (const [onGapContinue, cursor] of [
    ['earliest', 'earliest'],
    ['now', undefined],
  ] as const) {
    const { follower, gaps, versions, socket } = await follow({ from: 'm1', onGapContinue });
    gap(socket, 'm70');
    assert.equal(gaps.length, 1);
    assert.equal(socket.count('subscribe'), 2);
    assert.equal(socket.last('subscribe').cursor, cursor);
    stands(socket, 'm70');
    happen(socket, 71);
    assert.deepEqual(versions, [71]);
    assert.equal(follower.state, 'live');
  }
});

test('update goes on from the last movement, and each movement is told once', async () => {
  const { follower, versions, socket } = await follow({ skus: ['A'] });
  stands(socket, 'm0');
  happen(socket, 1);
  const old = socket.last('subscribe').id;
  follower.update({ skus: ['A', 'B'] });
  assert.equal(socket.last('unsubscribe').id, old);
  assert.equal(socket.last('subscribe').cursor, 'm1');
  socket.say({ type: 'events', id: old, events: [movement(2)] });
  stands(socket, 'm1');
  happen(socket, 2, 3);
  assert.deepEqual(versions, [1, 2, 3]);
});

test('an update in the middle of a message loses nothing of it', async () => {
  const versions: number[] = [];
  const followed: Followed = await follow({
    onEvent: ({ version }) => {
      versions.push(version);
      if (version === 1) {
        followed.follower.update({ skus: ['B'] });
      }
    },
  });
  const { socket } = followed;
  stands(socket, 'm0');
  happen(socket, 1, 2);
  assert.equal(socket.last('subscribe').cursor, 'm1');
  stands(socket, 'm1');
  happen(socket, 2);
  assert.deepEqual(versions, [1, 2]);
});

test('unsubscribe in the middle of a message ends it there', async () => {
  const versions: number[] = [];
  const followed: Followed = await follow({
    onEvent: ({ version }) => {
      versions.push(version);
      followed.follower.unsubscribe();
    },
  });
  stands(followed.socket, 'm0');
  happen(followed.socket, 1, 2);
  assert.deepEqual(versions, [1]);
  assert.equal(followed.follower.state, 'ended');
});

test('an update from within onGap begins once', async () => {
  const followed: Followed = await follow({
    from: 'm1',
    onGapContinue: 'earliest',
    onGap: () => followed.follower.update({ skus: ['B'] }),
  });
  gap(followed.socket, 'm70');
  assert.equal(followed.socket.count('subscribe'), 2);
});
