// The client and the real engine: levels, movements and commands, and an engine that is killed in between.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import {
  connect,
  isBanded,
  type BandedLevel,
  type ExactLevel,
  type Movement,
  type SaldoClient,
} from '@saldo/client';
import { Engine, withoutEngine } from './support/engine.js';
import { Occasion } from './support/occasion.js';

const OPTIONS = { skip: withoutEngine, timeout: 30_000 };

/** An engine and a client of it, both gone after the test; short waits, so that a restart is soon seen. */
async function started(t: TestContext, ...settings: string[]): Promise<[Engine, SaldoClient]> {
  const engine = await Engine.start(...settings);
  const client = connect({ url: engine.url, backoff: { baseMs: 50, maxMs: 200 } });
  t.after(async () => {
    client.close();
    await engine.remove();
  });
  return [engine, client];
}

test('levels: what is there, and each change', OPTIONS, async (t) => {
  const [engine, client] = await started(t);
  await engine.receive('TEE', 'OSLO-1', 10);
  await engine.receive('MUG', 'OSLO-1', 5);
  const seen = new Occasion();
  const tees = client.subscribe<'exact'>({
    skus: ['TEE', 'NEW'],
    onError: seen.failed,
    onLevel: seen.happened,
    onSnapshot: seen.happened,
  });
  await seen.until(() => tees.state === 'live');
  assert.deepEqual(tees.level('TEE', 'OSLO-1'), await engine.level('TEE', 'OSLO-1'));
  assert.equal(tees.levels.size, 1);
  await engine.reserve('TEE', 'OSLO-1', 3);
  await engine.receive('NEW', 'BERGEN-1', 1);
  await seen.until(() => tees.level('TEE', 'OSLO-1')?.available === 7 && tees.levels.size === 2);
  assert.equal(tees.level('TEE', 'OSLO-1')?.version, 2);
  assert.equal(tees.level('NEW', 'BERGEN-1')?.on_hand, 1);
});

test('another selection on the same connection', OPTIONS, async (t) => {
  const [engine, client] = await started(t);
  await engine.receive('A', 'OSLO-1', 1);
  await engine.receive('B', 'OSLO-1', 2);
  const seen = new Occasion();
  const gone: string[] = [];
  const subscription = client.subscribe<'exact'>({
    skus: ['A'],
    onError: seen.failed,
    onLevel: seen.happened,
    onGone: ({ sku }) => gone.push(sku),
  });
  await seen.until(() => subscription.levels.size === 1);
  subscription.update({ skuPrefixes: ['B'] });
  assert.deepEqual(gone, ['A']);
  await seen.until(() => subscription.level('B', 'OSLO-1')?.available === 2);
  await engine.receive('B', 'OSLO-1', 1);
  await seen.until(() => subscription.level('B', 'OSLO-1')?.available === 3);
});

test('the engine is killed and started again: the client catches up by itself', OPTIONS, async (t) => {
  const [engine, client] = await started(t);
  await engine.receive('TEE', 'OSLO-1', 10);
  await engine.receive('MUG', 'OSLO-1', 10);
  const seen = new Occasion();
  const versions = new Map<string, number[]>();
  client.onState(seen.happened);
  const all = client.subscribe<'exact'>({
    onError: seen.failed,
    onLevel: ({ sku, version }) => {
      versions.set(sku, [...(versions.get(sku) ?? []), version]);
      seen.happened();
    },
    onState: seen.happened,
  });
  await seen.until(() => all.state === 'live');
  for (let round = 1; round <= 3; round += 1) {
    const gone = seen.until(() => client.state === 'waiting');
    await engine.kill();
    await gone;
    assert.equal(all.state, 'waiting');
    assert.equal(all.levels.size, 2, 'what is known stays known meanwhile');
    await engine.start();
    await engine.reserve('TEE', 'OSLO-1', 1);
    await seen.until(
      () => all.state === 'live' && all.level('TEE', 'OSLO-1')?.available === 10 - round,
    );
  }
  assert.deepEqual(all.level('TEE', 'OSLO-1'), await engine.level('TEE', 'OSLO-1'));
  assert.deepEqual(versions.get('MUG'), [1], 'what did not change is told once');
  const tee = versions.get('TEE') ?? [];
  assert.ok(tee.every((version, place) => place === 0 || version > (tee[place - 1] ?? 0)));
});

test('commands are carried out, once', OPTIONS, async (t) => {
  const [engine, client] = await started(t);
  await engine.receive('TEE', 'OSLO-1', 2);
  await client.whenLive();
  const reservation_id = randomUUID();
  const reserve = { op: 'reserve', reservation_id, sku: 'TEE', location: 'OSLO-1', quantity: 2 } as const;
  const sell = { op: 'sell', sku: 'TEE', location: 'OSLO-1', quantity: 1 } as const;
  const [reserved, sold] = await client.commands([reserve, sell]);
  assert.ok(reserved?.ok);
  assert.deepEqual([reserved.version, reserved.available], [2, 0]);
  assert.ok(sold && !sold.ok);
  assert.equal(sold.code, 'insufficient_stock');
  const [again] = await client.commands([reserve]);
  assert.ok(again?.ok && again.replayed);
});

test('a connection that the engine refuses says so', OPTIONS, async (t) => {
  const [engine] = await started(t);
  const client = connect({ url: `${engine.url}/elsewhere/v1/feed` });
  t.after(() => client.close());
  const seen = new Occasion();
  client.onState(seen.happened);
  await seen.until(() => client.state === 'waiting');
  assert.match(client.status.reason ?? '', /404/);
});

test('events: every movement once and in order, over a kill', OPTIONS, async (t) => {
  const [engine, client] = await started(t);
  await engine.receive('TEE', 'OSLO-1', 10);
  const seen = new Occasion();
  const movements: Movement[] = [];
  const follower = client.follow({
    skus: ['TEE'],
    from: 'earliest',
    onError: seen.failed,
    onEvent: (movement) => {
      movements.push(movement);
      seen.happened();
    },
    onState: seen.happened,
  });
  await engine.receive('MUG', 'OSLO-1', 1);
  await engine.reserve('TEE', 'OSLO-1', 1);
  await seen.until(() => movements.length === 2);
  await engine.kill();
  await seen.until(() => follower.state === 'waiting');
  await engine.start();
  await engine.reserve('TEE', 'OSLO-1', 2);
  await seen.until(() => follower.state === 'live' && movements.length === 3);
  await engine.reserve('TEE', 'OSLO-1', 3);
  await seen.until(() => movements.length === 4);
  assert.deepEqual(
    movements.map(({ version, kind, quantity, after }) => [version, kind, quantity, after.available]),
    [
      [1, 'received', 10, 10],
      [2, 'reserved', 1, 9],
      [3, 'reserved', 2, 7],
      [4, 'reserved', 3, 4],
    ],
  );
  assert.equal(follower.cursor, movements[3]?.cursor);
});

test('events: a kept cursor goes on where it stood, a strange one is a gap', OPTIONS, async (t) => {
  const [engine, client] = await started(t);
  await engine.receive('TEE', 'OSLO-1', 10);
  const seen = new Occasion();
  const first: Movement[] = [];
  const follower = client.follow({
    from: 'earliest',
    onError: seen.failed,
    onEvent: (movement) => {
      first.push(movement);
      seen.happened();
    },
  });
  await seen.until(() => first.length === 1);
  follower.unsubscribe();
  await engine.reserve('TEE', 'OSLO-1', 1);
  const later: number[] = [];
  client.follow({
    onError: seen.failed,
    ...(follower.cursor !== undefined && { from: follower.cursor }),
    onEvent: ({ version }) => {
      later.push(version);
      seen.happened();
    },
  });
  await seen.until(() => later.length === 1);
  assert.deepEqual(later, [2]);
  const told: string[] = [];
  client.follow({
    from: 'ffff-ffffff',
    onError: seen.failed,
    onGapContinue: 'earliest',
    onGap: ({ after, continues }) => told.push(`${after} ${continues}`),
    onEvent: ({ version }) => {
      told.push(`version ${version}`);
      seen.happened();
    },
  });
  await seen.until(() => told.length === 3);
  assert.deepEqual(told, ['ffff-ffffff earliest', 'version 1', 'version 2']);
});

test('banded: told when the word changes', OPTIONS, async (t) => {
  const [engine, client] = await started(t, 'low_stock_threshold=5');
  await engine.receive('TEE', 'OSLO-1', 10);
  const seen = new Occasion();
  const told: BandedLevel[] = [];
  const subscription = client.subscribe({
    view: 'banded',
    onError: seen.failed,
    onLevel: (level) => {
      told.push(level);
      seen.happened();
    },
    onSnapshot: seen.happened,
  });
  await seen.until(() => subscription.state === 'live');
  assert.equal(subscription.view, 'banded');
  await engine.reserve('TEE', 'OSLO-1', 1);
  await engine.reserve('TEE', 'OSLO-1', 4);
  await seen.until(() => told.at(-1)?.availability === 'low_stock');
  await engine.reserve('TEE', 'OSLO-1', 5);
  await seen.until(() => told.at(-1)?.availability === 'out_of_stock');
  assert.deepEqual(
    told.map(({ availability, version }) => [availability, version]),
    [
      ['in_stock', 1],
      ['low_stock', 3],
      ['out_of_stock', 4],
    ],
  );
  assert.ok(told.every((level) => isBanded(level)));
});

test('boolean: told when there is something, and when there is nothing', OPTIONS, async (t) => {
  const [engine, client] = await started(t);
  await engine.receive('TEE', 'OSLO-1', 1);
  const seen = new Occasion();
  const told: boolean[] = [];
  const subscription = client.subscribe({
    view: 'boolean',
    onError: seen.failed,
    onLevel: ({ is_available }) => {
      told.push(is_available);
      seen.happened();
    },
    onSnapshot: seen.happened,
  });
  await seen.until(() => subscription.state === 'live');
  await engine.reserve('TEE', 'OSLO-1', 1);
  await seen.until(() => told.length === 2);
  assert.deepEqual(told, [true, false]);
});

test('a view that is asked for as exact is exact', OPTIONS, async (t) => {
  const [engine, client] = await started(t);
  await engine.receive('TEE', 'OSLO-1', 4);
  const level = await new Promise<ExactLevel>((resolve, reject) => {
    client.subscribe({ view: 'exact', onLevel: resolve, onError: reject });
  });
  assert.equal(level.available, 4);
});
