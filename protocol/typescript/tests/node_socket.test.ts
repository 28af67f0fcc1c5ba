// Real sockets of the package `ws`, as Node uses them; the server says what the test tells it to.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect, type ConnectOptions, type SaldoClient } from '@saldo/client';
import WebSocket, { WebSocketServer } from 'ws';
import { level } from './support/fake_engine.js';
import { HandClock } from './support/hand_clock.js';
import { Occasion } from './support/occasion.js';

const OPTIONS = { timeout: 30_000 };

interface Heard {
  readonly type: string;
  readonly id: string;
  readonly cursor?: string;
}

async function serving(t: TestContext): Promise<[WebSocketServer, string]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  t.after(() => {
    server.clients.forEach((socket) => socket.terminate());
    server.close();
  });
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

function client(t: TestContext, seen: Occasion, options: ConnectOptions): SaldoClient {
  const made = connect({ onState: seen.happened, ...options });
  t.after(() => made.close());
  return made;
}

async function next(server: WebSocketServer): Promise<WebSocket> {
  const [socket] = (await once(server, 'connection')) as [WebSocket];
  return socket;
}

async function heard(socket: WebSocket): Promise<Heard> {
  const [data] = (await once(socket, 'message')) as [Buffer];
  return JSON.parse(data.toString()) as Heard;
}

test('it finds a WebSocket by itself, offers the token, and hears', OPTIONS, async (t) => {
  const [server, url] = await serving(t);
  const seen = new Occasion();
  const connected = next(server);
  const made = client(t, seen, { url, token: 'abc' });
  const subscription = made.subscribe<'exact'>({ onLevel: seen.happened });
  const socket = await connected;
  assert.equal(socket.protocol, 'saldo.v1.json');
  const { id } = await heard(socket);
  socket.send(JSON.stringify({ type: 'subscribed', id, cursor: 'c0' }));
  const levels = [level('A', 1)];
  socket.send(JSON.stringify({ type: 'snapshot', id, levels, done: true, cursor: 'c1' }));
  await seen.until(() => subscription.levels.size === 1);
  const closed = once(socket, 'close');
  made.close();
  assert.equal((await closed)[0], 1000);
});

test('a close frame is read, and the cursor in it', OPTIONS, async (t) => {
  const [server, url] = await serving(t);
  const seen = new Occasion();
  const timers = new HandClock();
  const connected = next(server);
  const made = client(t, seen, { url, webSocket: WebSocket, timers });
  const subscription = made.subscribe({ onState: seen.happened });
  const socket = await connected;
  const { id } = await heard(socket);
  socket.send(JSON.stringify({ type: 'subscribed', id, cursor: 'c0' }));
  socket.send(JSON.stringify({ type: 'snapshot', id, levels: [], done: true, cursor: 'c1' }));
  await seen.until(() => subscription.state === 'live');
  socket.close(1013, 'too slow; cursor c9');
  await seen.until(() => made.state === 'waiting');
  const again = next(server);
  timers.advance(2_000);
  assert.equal((await heard(await again)).cursor, 'c9');
});

test('a refused handshake is told with its status', OPTIONS, async (t) => {
  const server = createServer();
  server.on('upgrade', (_, socket) => {
    socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const seen = new Occasion();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made = client(t, seen, { url, webSocket: WebSocket, timers: new HandClock() });
  await seen.until(() => made.state === 'waiting');
  assert.equal(made.status.refused, true);
  assert.match(made.status.reason ?? '', /401/);
});

test('a silent peer is given up without waiting for its goodbye', OPTIONS, async (t) => {
  const [server, url] = await serving(t);
  const seen = new Occasion();
  const timers = new HandClock();
  const connected = next(server);
  const made = client(t, seen, { url, webSocket: WebSocket, timers });
  const socket = await connected;
  await made.whenLive();
  const pinged = heard(socket);
  timers.advance(15_000);
  assert.equal((await pinged).type, 'ping');
  const closed = once(socket, 'close');
  timers.advance(10_000);
  assert.equal(made.state, 'waiting');
  assert.equal((await closed)[0], 1006);
});

test('closing before the connection opened leaves nothing behind', OPTIONS, async (t) => {
  const [server, url] = await serving(t);
  const timers = new HandClock();
  const made = connect({ url, webSocket: WebSocket, timers });
  await new Promise((resolve) => setImmediate(resolve));
  made.close();
  assert.equal(made.state, 'closed');
  assert.deepEqual(timers.waits, []);
  assert.equal(server.clients.size, 0);
});
