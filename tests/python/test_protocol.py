"""Proves that docs/protocol.md is enough to write a client of the feed from, and that the engine keeps to it.

Starts the engine named by the environment variable SALDO_BIN and drives it with `saldo_feed`, in both forms, and over
Server-Sent Events. Each test has SKUs of its own. Nothing sleeps for a fixed time: all waiting has a deadline.
"""

import asyncio
import base64
import contextlib
import http.client
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.parse
import uuid

import saldo_feed
from saldo_feed import (
    Backoff, Closed, Commands, Connection, Gap, Levels, Reader, Refused, Writer, decode, encode, follow, follow_sse,
    read_sse,
)

SECONDS_MAX = 10
SNAPSHOT_LEVELS = 5
LOCATION = "OSLO 1/Å"
FOREIGN_CURSOR = "ffffffffffffffffffffffffffffffff-7"
os.environ["NO_PROXY"] = "127.0.0.1"


class Engine:
    """One engine on a data directory of its own; `start` again comes back on the same port."""

    def __init__(self, **settings):
        self.directory = tempfile.mkdtemp(prefix="saldo-python-")
        self.listen = "127.0.0.1:0"
        self.settings = settings
        self.process = None

    def start(self):
        command = [os.path.abspath(os.environ["SALDO_BIN"]), "serve", "--listen", self.listen, "--data-dir", "data"]
        for name, value in self.settings.items():
            command += ["--set", f"{name}={value}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SALDO__")}
        with open(os.path.join(self.directory, "log"), "a") as log:
            self.process = subprocess.Popen(command, cwd=self.directory, env=environment, stdout=subprocess.PIPE,
                                            stderr=log, text=True)
        hang = threading.Timer(3 * SECONDS_MAX, self.process.kill)
        hang.start()
        line = self.process.stdout.readline()
        hang.cancel()
        if not line.startswith("listening on "):
            with open(os.path.join(self.directory, "log")) as log:
                raise AssertionError(f"the engine did not start: {line}{log.read()}")
        self.url = line.split()[-1]
        self.listen = self.url[len("http://"):]
        return self

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait(3 * SECONDS_MAX)
        self.process.stdout.close()

    def remove(self):
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        shutil.rmtree(self.directory)

    def call(self, method, path, body=None, **headers):
        """The status and the parsed answer."""
        connection = http.client.HTTPConnection(self.listen, timeout=SECONDS_MAX)
        try:
            if body is not None:
                headers["Content-Type"] = "application/json"
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def change(self, sku, what, **body):
        """The level after a change of the key `sku` at LOCATION."""
        method = "PUT" if what == "policy" else "POST"
        status, answer = self.call(method, f"{_path(sku)}/{what}", body)
        assert status == 200, answer
        return answer

    def levels(self, skus):
        """What HTTP says now: {(sku, location): level}."""
        status, answer = self.call("POST", "/v1/availability:query", {"items": [{"sku": sku} for sku in skus]})
        assert status == 200, answer
        return {(level["sku"], level["location"]): level for level in answer["levels"]}

    def movements(self, sku):
        """What HTTP says of one key's history, oldest first."""
        query = urllib.parse.urlencode({"sku": sku, "location": LOCATION, "limit": 1000}, quote_via=urllib.parse.quote)
        status, answer = self.call("GET", f"/v1/movements?{query}")
        assert status == 200, answer
        return answer["movements"][::-1]


def _path(sku):
    return f"/v1/stock/{urllib.parse.quote(sku, safe='')}/{urllib.parse.quote(LOCATION, safe='')}"


def setUpModule():
    global SHARED
    SHARED = Engine(feed_snapshot_levels=SNAPSHOT_LEVELS).start()
    unittest.addModuleCleanup(SHARED.remove)


NUMBERS = itertools.count(1)


class Case(unittest.IsolatedAsyncioTestCase):
    """What all tests on an engine need."""

    maxDiff = 2000

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # it would report each wait for an engine to start

    def setUp(self):
        self.engine = SHARED
        self.prefix = f"TÉE-{next(NUMBERS)}-"

    def own_engine(self, **settings):
        engine = Engine(**settings).start()
        self.addCleanup(engine.remove)
        return engine

    def skus(self, count):
        return [f"{self.prefix}{number}" for number in range(count)]

    async def hear(self, connection, kind):
        """The next message, which must be of this type."""
        message = await asyncio.wait_for(connection.receive(), SECONDS_MAX)
        self.assertEqual(message["type"], kind, message)
        return message

    async def hear_until(self, connection, is_enough):
        """All messages up to the first for which `is_enough`."""
        messages = []
        while not messages or not is_enough(messages[-1]):
            messages.append(await asyncio.wait_for(connection.receive(), SECONDS_MAX))
            self.assertNotEqual(messages[-1]["type"], "error", messages[-1])
        return messages

    async def subscribe(self, connection, levels, **wanted):
        """Takes in a subscription of levels up to the end of its snapshot; deltas may come before and between."""
        await connection.send({"type": "subscribe", **wanted})
        messages = await self.hear_until(connection, lambda message: message.get("done"))
        self.assertEqual(messages[0]["type"], "subscribed")
        for message in messages:
            if message["id"] == wanted["id"]:
                levels.take(message)
        return [message for message in messages if message["type"] == "snapshot"]

    async def command(self, connection, *commands):
        """The replies to one frame on a connection without subscriptions."""
        await connection.send({"type": "commands", "id": "c", "commands": list(commands)})
        message = await self.hear(connection, "replies")
        self.assertEqual(message["id"], "c")
        return message["replies"]

    async def follow_until(self, stream, take, is_enough):
        """Takes in a stream's messages until there are enough."""
        async def run():
            while not is_enough():
                take(await stream.__anext__())
        await asyncio.wait_for(run(), SECONDS_MAX)

    def assert_chain(self, movements, after=None):
        """Of each key no gap and no repeat, and each event begins where the one before ended."""
        last = dict(after or {})
        for movement in movements:
            key = movement["sku"], movement["location"]
            before = last.get(key)
            if before is not None:
                self.assertEqual(movement["version"], before["version"] + 1)
                self.assertEqual(movement["before"], before["after"])
            last[key] = movement
        return last


def command(op, sku, **fields):
    return {"op": op, "sku": sku, "location": LOCATION, **fields}


class BinaryGoldens(unittest.TestCase):
    """Bytes as the document's tables have them, written out by hand."""

    def test_examples_of_the_document(self):
        self.assertEqual(encode({"type": "subscribe", "id": "a", "skus": ["TEE"]}).hex(" "),
                         "00 01 61 01 01 03 54 45 45 00 00 00 00 00")
        self.assertEqual(decode(bytes.fromhex("06")), {"type": "pong"})

    def test_values(self):
        for value, expected in [(0, "00"), (250, "fa"), (251, "fbfb00"), (65535, "fbffff"), (65536, "fc00000100"),
                                (2**32 - 1, "fcffffffff"), (2**32, "fd0000000001000000")]:
            writer = Writer()
            writer.uint(value)
            self.assertEqual(writer.bytes.hex(), expected)
            self.assertEqual(Reader(writer.bytes).uint(), value)
        for value, expected in [(0, "00"), (-1, "01"), (1, "02"), (-2, "03"), (-126, "fbfb00"),
                                (-(2**53 - 1), "fdfdffffffffff3f00")]:
            writer = Writer()
            writer.int(value)
            self.assertEqual(writer.bytes.hex(), expected)
            self.assertEqual(Reader(writer.bytes).int(), value)

    def test_longer_integers_than_needed_are_read(self):
        self.assertEqual(Reader(bytes.fromhex("fd0500000000000000")).uint(), 5)

    def test_client_messages(self):
        reservation = "01940000-0000-7000-8000-000000000001"
        key = {"sku": "T", "location": "L"}
        for message, expected in [
            ({"type": "unsubscribe", "id": "é"}, "01 02c3a9"),
            ({"type": "ping"}, "02"),
            ({"type": "subscribe", "id": "e", "sku_prefixes": ["T", "U"], "locations": ["L"], "mode": "events",
              "cursor": "earliest"}, "00 0165 00 01 02 0154 0155 01 01 014c 01 00 01 08 6561726c69657374"),
            ({"type": "subscribe", "id": "v", "view": "boolean"}, "00 0176 00 00 00 00 01 02 00"),
            ({"type": "commands", "id": "r", "commands": [
                {"op": "reserve", "reservation_id": reservation, "quantity": 300, **key},
                {"op": "sell", "key": "k", "quantity": 1, "sku": "U", "location": "L"},
                {"op": "release", "reservation_id": reservation, "from": "committed", **key}]},
             "03 0172 02 0154 014c 0155 014c 03"
             "00 00 00 01940000000070008000000000000001 fb2c01 00"
             "01 01016b 05 01"
             "00 00 04 01940000000070008000000000000001 00 01"),
        ]:
            self.assertEqual(encode(message).hex(), expected.replace(" ", ""))

    def test_engine_messages(self):
        for message, data in [
            ({"type": "subscribed", "id": "a", "cursor": "c", "view": "banded"}, "00 0161 0163 01"),
            ({"type": "snapshot", "id": "a", "done": True, "cursor": "c", "full": True, "levels": [
                {"sku": "T", "location": "L", "availability": "in_stock", "version": 251,
                 "as_of": "1970-01-01T00:00:01.000000Z"}]}, "01 0161 01 01 0154 014c 02 fbfb00 fc40420f00 01 0163 01"),
            ({"type": "delta", "id": "a", "cursor": "c", "levels": [
                {"sku": "T", "location": "L", "on_hand": -1, "reserved": 0, "committed": 0, "damaged": 0,
                 "quality_control": 0, "safety_stock": 0, "incoming": 0, "available": -1, "oversell_limit": 3,
                 "version": 2, "as_of": "1970-01-01T00:00:00.000001Z"},
                {"sku": "T", "location": "L", "is_available": True, "version": 2,
                 "as_of": "1970-01-01T00:00:00.000001Z"}]},
             "02 0161 02 00 0154 014c 01 00 00 00 00 00 00 01 06 02 01 02 0154 014c 01 02 01 0163"),
            ({"type": "gap", "id": "a", "earliest": "c"}, "04 0161 0163"),
            ({"type": "unsubscribed", "id": "a"}, "05 0161"),
            ({"type": "replies", "id": "r", "replies": [
                {"ok": True, "version": 1, "available": 2, "expires_at": "1970-01-01T00:00:00.000000Z"},
                {"ok": True, "version": 1, "available": 2, "replayed": True},
                {"ok": False, "code": "insufficient_stock", "available": 0},
                {"ok": False, "code": "malformed"}]},
             "07 0172 04 00 01 04 01 00 00 00 01 04 00 01 01 0f 01 00 01 01 00"),
            ({"type": "error", "code": "limit_exceeded", "detail": "d"}, "08 00 04 0164"),
        ]:
            self.assertEqual(decode(bytes.fromhex(data)), message)

    def test_what_is_no_message(self):
        for data in ("", "0600", "09", "05", "0502", "0501ff", "0500fe"):
            with self.assertRaises(saldo_feed.BadFrame, msg=data):
                decode(bytes.fromhex(data))


class Returning(unittest.TestCase):
    """How long a reader waits before it comes back."""

    def test_backoff_has_full_jitter_and_a_limit(self):
        backoff = Backoff()
        for longest in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10):
            self.assertTrue(0 <= backoff.seconds() <= longest)
        backoff.worked()
        self.assertLessEqual(backoff.seconds(), 0.1)


class LevelsTold(unittest.TestCase):
    """What a reader makes of messages in an order that the engine may choose but seldom does."""

    def test_deltas_before_a_full_page_outlive_it(self):
        def level(sku, version):
            return {"sku": sku, "location": "L", "version": version}

        levels = Levels()
        for message in [
            {"type": "subscribed", "cursor": "0"},
            {"type": "snapshot", "levels": [level("gone", 1), level("a", 99)], "done": True, "cursor": "old-9"},
            {"type": "subscribed", "cursor": "new-0"},
            {"type": "delta", "levels": [level("a", 3), level("b", 2)], "cursor": "new-0"},
        ]:
            levels.take(message)
        self.assertEqual(levels.cursor, "old-9", "no page has come: the place to resume from is still the old one")
        levels.take({"type": "snapshot", "levels": [level("a", 2)], "done": False, "full": True, "cursor": "new-0"})
        levels.take({"type": "snapshot", "levels": [level("c", 1)], "done": True, "full": True, "cursor": "new-5"})
        self.assertEqual({key[0]: level["version"] for key, level in levels.by_key.items()}, {"a": 3, "b": 2, "c": 1})
        self.assertEqual((levels.cursor, levels.is_complete), ("new-5", True))


class Handshake(Case):
    """Which form a connection speaks."""

    async def test_subprotocols(self):
        for offered, status, taken in [(None, 101, None), ("saldo.v1.json", 101, "saldo.v1.json"),
                                       ("saldo.v9, saldo.v1.bin, saldo.v1.json", 101, "saldo.v1.bin"),
                                       ("saldo.v1.json, saldo.v1.bin", 101, "saldo.v1.json"), ("saldo.v9", 400, None)]:
            with self.subTest(offered=offered):
                async with bare_socket(self.engine, offered) as (head, _reader, _writer):
                    self.assertEqual(int(head.split()[1]), status)
                    self.assertEqual(header(head, "sec-websocket-protocol"), taken)

    async def test_an_unknown_token_is_refused(self):
        for form in ("json", "bin"):
            with self.assertRaises(Refused) as caught:
                async with Connection(self.engine.url, form, token="unknown"):
                    pass
            self.assertEqual(caught.exception.code, "status_401")
        with self.assertRaises(Refused) as caught:
            next(read_sse(self.engine.url, {}, token="unknown"))
        self.assertEqual(caught.exception.code, "unauthorized")

    async def test_without_a_subprotocol_it_is_json(self):
        async with bare_socket(self.engine, None) as (_head, reader, writer):
            writer.write(client_frame(0x1, b'{"type":"ping"}'))
            self.assertEqual(await asyncio.wait_for(reader.readexactly(2 + 15), SECONDS_MAX),
                             b'\x81\x0f{"type":"pong"}')


@contextlib.asynccontextmanager
async def bare_socket(engine, offered=None):
    """A WebSocket without the library, for what the library would not do: (head of the answer, reader, writer)."""
    host, port = engine.listen.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        lines = [f"GET /v1/feed HTTP/1.1\r\nHost: {engine.listen}", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}"]
        lines += [f"Sec-WebSocket-Protocol: {offered}"] if offered else []
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS_MAX)
        yield head.decode(), reader, writer
    finally:
        writer.close()


def header(head, name):
    return next((line.split(":", 1)[1].strip() for line in head.split("\r\n") if line.lower().startswith(name)), None)


def client_frame(opcode, payload):
    """A short frame, masked with zeros."""
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload


async def close_frame(reader):
    """The code and reason of the close frame at which a bare socket ends."""
    async def run():
        while True:
            opcode, length = await reader.readexactly(2)
            if length >= 126:
                length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
            payload = await reader.readexactly(length)
            if opcode & 0x0F == 0x8:
                return int.from_bytes(payload[:2], "big"), payload[2:].decode()
    return await asyncio.wait_for(run(), SECONDS_MAX)


class BothForms(Case):
    """The two forms say the same."""

    async def test_levels_agree_with_each_other_and_with_http(self):
        skus = self.skus(13)
        for number, sku in enumerate(skus):
            self.engine.change(sku, "receive", quantity=number + 1)
        told = {}
        async with contextlib.AsyncExitStack() as stack:
            connections = {form: await stack.enter_async_context(Connection(self.engine.url, form))
                           for form in ("json", "bin")}
            for form, connection in connections.items():
                told[form] = Levels()
                pages = await self.subscribe(connection, told[form], id="a", sku_prefixes=[self.prefix])
                self.assertEqual([len(page["levels"]) for page in pages], [5, 5, 3])
            self.assertEqual(told["json"].by_key, told["bin"].by_key)
            self.assertEqual(told["json"].by_key, self.engine.levels(skus))

            self.engine.change(skus[0], "adjust", delta=-400, reason="lost")
            self.engine.change(skus[1], "adjust", delta=1, bucket="damaged", reason="wet")
            self.engine.change(skus[2], "policy", safety_stock=2, oversell_limit=2**53 - 1)
            self.engine.change(skus[3], "count", counted=2**53 - 1)
            wanted = self.engine.levels(skus)
            for form, connection in connections.items():
                while told[form].by_key != wanted:
                    told[form].take(await self.hear(connection, "delta"))

    async def test_events_agree_with_each_other_and_with_http(self):
        sku, = self.skus(1)
        self.engine.change(sku, "receive", quantity=9, reference="DN-1", reason="délivery")
        self.engine.change(sku, "policy", safety_stock=1)
        _, reservation = self.engine.call("POST", "/v1/reservations", {
            "lines": [{"sku": sku, "location": LOCATION, "quantity": 4}]})
        for step in ("extend", "commit", "fulfil", "return"):
            body = {"extend": {"hold_seconds": 2000}, "return": {"lines": [
                {"sku": sku, "location": LOCATION, "quantity": 1, "condition": "damaged"}]}}.get(step)
            status, answer = self.engine.call("POST", f"/v1/reservations/{reservation['id']}/{step}", body)
            self.assertEqual(status, 200, answer)
        self.engine.change(sku, "sell", quantity=1)
        self.engine.change(sku, "count", counted=2)
        self.engine.change(sku, "adjust", delta=-7, reason="gone")
        movements = self.engine.movements(sku)
        self.assertEqual([movement["kind"] for movement in movements], [
            "received", "policy_set", "reserved", "extended", "committed", "fulfilled", "returned", "sold", "counted",
            "adjusted"])
        for form in ("json", "bin"):
            async with Connection(self.engine.url, form) as connection:
                await connection.send({"type": "subscribe", "id": "e", "mode": "events", "skus": [sku],
                                       "cursor": "earliest"})
                messages = await self.hear_until(connection, lambda message: any(
                    event["kind"] == "adjusted" for event in message.get("events", [])))
                told = [event for message in messages for event in message.get("events", [])]
                self.assertEqual(told, movements)


class Promises:
    """What holds in either form; `form` says which."""

    async def test_deltas_between_the_pages_of_a_snapshot(self):
        skus = self.skus(150)
        async with Connection(self.engine.url, self.form) as writer:
            await self.command(writer, *[command("receive", sku, quantity=1) for sku in skus])
        is_interleaved = False
        deadline = asyncio.get_running_loop().time() + SECONDS_MAX
        while not is_interleaved:
            self.assertLess(asyncio.get_running_loop().time(), deadline, "no delta ever came between pages")
            async with Connection(self.engine.url, self.form) as connection:
                await connection.send({"type": "subscribe", "id": "a", "sku_prefixes": [self.prefix]})
                await connection.send({"type": "commands", "id": "c", "commands": [
                    command("receive", sku, quantity=1) for sku in skus]})
                levels, replies, newest = Levels(), None, {}
                wanted = None
                while wanted is None or not levels.is_complete or levels.by_key != wanted:
                    message = await asyncio.wait_for(connection.receive(), SECONDS_MAX)
                    if message["type"] == "replies":
                        replies = message["replies"]
                        wanted = self.engine.levels(skus)
                        continue
                    if message["type"] == "delta":
                        is_interleaved |= not levels.is_complete
                        for level in message["levels"]:
                            self.assertGreater(level["version"], newest.get(level["sku"], 0))
                            newest[level["sku"]] = level["version"]
                    levels.take(message)
                self.assertTrue(all(reply["ok"] for reply in replies))

    async def test_views(self):
        sku, = self.skus(1)
        async with contextlib.AsyncExitStack() as stack:
            connections = {}
            for view in ("exact", "banded", "boolean"):
                connection = await stack.enter_async_context(Connection(self.engine.url, self.form))
                await connection.send({"type": "subscribe", "id": "v", "skus": [sku], "view": view})
                self.assertEqual((await self.hear(connection, "subscribed")).get("view", "exact"), view)
                self.assertEqual((await self.hear(connection, "snapshot"))["levels"], [])
                connections[view] = connection
            level = self.engine.change(sku, "policy", oversell_limit=2)
            said = {}
            for delta, availability, is_available in [
                (None, "low_stock", True), (-2, "out_of_stock", False), (1, "low_stock", True), (4, "low_stock", True),
                (1, "in_stock", True), (1, "in_stock", True), (-4, "low_stock", True),
            ]:
                if delta is not None:
                    level = self.engine.change(sku, "adjust", delta=delta, reason="step")
                self.assertEqual((await self.hear(connections["exact"], "delta"))["levels"], [level])
                for view, tells in (("banded", {"availability": availability}),
                                    ("boolean", {"is_available": is_available})):
                    if said.get(view) == tells:
                        continue  # nothing comes; otherwise the next comparison would meet an older version
                    said[view] = tells
                    told = {name: level[name] for name in ("sku", "location", "version", "as_of")}
                    self.assertEqual((await self.hear(connections[view], "delta"))["levels"], [{**told, **tells}])

    async def test_selections(self):
        one, other, third = self.skus(3)
        self.engine.change(one, "receive", quantity=1)
        self.engine.change(other, "receive", quantity=1)
        elsewhere = f"/v1/stock/{urllib.parse.quote(one)}/B/receive"
        self.engine.call("POST", elsewhere, {"quantity": 1})
        async with Connection(self.engine.url, self.form) as connection:
            for number, (selection, keys) in enumerate([
                ({"skus": [one]}, {(one, LOCATION), (one, "B")}),
                ({"skus": [one], "sku_prefixes": [other]}, {(one, LOCATION), (one, "B"), (other, LOCATION)}),
                ({"sku_prefixes": [self.prefix], "locations": ["B", "C"]}, {(one, "B")}),
                ({"skus": [third]}, set()),
            ]):
                levels = Levels()
                await self.subscribe(connection, levels, id=str(number), **selection)
                self.assertEqual(set(levels.by_key), keys)
            level = self.engine.change(third, "receive", quantity=1)
            messages = await self.hear_until(connection, lambda message: level in message["levels"])
            self.assertEqual(messages[-1]["id"], "3", "a key's level comes when it exists")

    async def test_levels_resume_by_cursor(self):
        skus = self.skus(12)
        for sku in skus:
            self.engine.change(sku, "receive", quantity=1)
        wanted = {"id": "a", "sku_prefixes": [self.prefix]}
        levels = Levels()
        async with Connection(self.engine.url, self.form) as connection:
            await connection.send({"type": "subscribe", **wanted})
            for message in await self.hear_until(connection, lambda message: message["type"] == "snapshot"):
                levels.take(message)
            self.assertFalse(levels.is_complete)
        self.engine.change(skus[0], "receive", quantity=1)
        async with Connection(self.engine.url, self.form) as connection:
            await self.subscribe(connection, levels, **wanted, cursor=levels.cursor)
        self.assertEqual(levels.by_key, self.engine.levels(skus), "the cursor of a page is enough to go on from")
        changed = self.engine.change(skus[7], "receive", quantity=1)
        async with Connection(self.engine.url, self.form) as connection:
            page, = await self.subscribe(connection, levels, **wanted, cursor=levels.cursor)
            self.assertEqual(page["levels"], [changed], "only what changed since")
            self.assertNotIn("full", page)
        self.assertEqual(levels.by_key, self.engine.levels(skus))

    async def test_a_foreign_cursor_of_levels_is_answered_in_full(self):
        skus = self.skus(SNAPSHOT_LEVELS + 1)
        for sku in skus:
            self.engine.change(sku, "receive", quantity=1)
        levels = Levels()
        levels.by_key["gone", LOCATION] = {"sku": "gone", "version": 1}
        levels.by_key[skus[0], LOCATION] = {"sku": skus[0], "version": 99}
        async with Connection(self.engine.url, self.form) as connection:
            pages = await self.subscribe(connection, levels, id="a", sku_prefixes=[self.prefix], cursor=FOREIGN_CURSOR)
        self.assertTrue(pages[0].get("full"))
        self.assertEqual(levels.by_key, self.engine.levels(skus))

    async def test_events_from_everywhere(self):
        skus = self.skus(3)
        for sku in skus * 4:
            self.engine.change(sku, "receive", quantity=1)
        history = {sku: self.engine.movements(sku) for sku in skus}
        wanted = {"type": "subscribe", "mode": "events", "sku_prefixes": [self.prefix]}
        async with Connection(self.engine.url, self.form) as connection:
            async def events(name, count):
                told = []
                while len(told) < count:
                    message = await self.hear(connection, "events")
                    self.assertEqual(message["id"], name)
                    told += message["events"]
                self.assertEqual(len(told), count)
                return told

            await connection.send({**wanted, "id": "now"})
            from_now = (await self.hear(connection, "subscribed"))["cursor"]
            await connection.send({**wanted, "id": "all", "cursor": "earliest"})
            await self.hear(connection, "subscribed")
            told = await events("all", 12)
            last = self.assert_chain(told)
            for sku in skus:
                self.assertEqual([movement for movement in told if movement["sku"] == sku], history[sku])
            await connection.send({"type": "unsubscribe", "id": "all"})
            await self.hear(connection, "unsubscribed")

            await connection.send({**wanted, "id": "after", "cursor": told[4]["cursor"]})
            await self.hear(connection, "subscribed")
            self.assertEqual(await events("after", 7), told[5:])
            await connection.send({"type": "unsubscribe", "id": "after"})
            await self.hear(connection, "unsubscribed")

            self.engine.change(skus[0], "receive", quantity=1)
            live = await events("now", 1)
            self.assert_chain(live, last)
            self.assertEqual(live, self.engine.movements(skus[0])[-1:])
            await connection.send({**wanted, "id": "again", "cursor": from_now})
            await self.hear(connection, "subscribed")
            self.assertEqual(await events("again", 1), live, "the cursor of `subscribed` is a place to go on from")

    async def test_a_foreign_cursor_of_events_is_a_gap(self):
        sku, = self.skus(1)
        self.engine.change(sku, "receive", quantity=1)
        async with Connection(self.engine.url, self.form) as connection:
            await connection.send({"type": "subscribe", "id": "e", "mode": "events", "skus": [sku],
                                   "cursor": FOREIGN_CURSOR})
            await self.hear(connection, "subscribed")
            gap = await self.hear(connection, "gap")
            await connection.send({"type": "subscribe", "id": "e", "mode": "events", "skus": [sku],
                                   "cursor": gap["earliest"]})
            await self.hear(connection, "subscribed")
            self.assertEqual((await self.hear(connection, "events"))["events"], self.engine.movements(sku))
        with self.assertRaises(Gap):
            stream = follow(self.engine.url, {"mode": "events", "cursor": FOREIGN_CURSOR}, self.form)
            await self.follow_until(stream, lambda _message: None, lambda: False)

    async def test_commands(self):
        sku, other = self.skus(2)
        one, two = str(uuid.uuid4()), str(uuid.uuid4())
        async with Connection(self.engine.url, self.form) as connection:
            replies = await self.command(
                connection,
                command("receive", sku, quantity=10), command("reserve", sku, quantity=4, reservation_id=one),
                command("reserve", sku, quantity=4, reservation_id=one), command("sell", sku, quantity=7),
                command("sell", sku, quantity=1, key=f"till-{one}"),
                command("sell", sku, quantity=2, key=f"till-{one}"),
                command("sell", other, quantity=1),
                command("extend", sku, reservation_id=one, hold_seconds=2000),
                command("commit", sku, reservation_id=one, quantity=3),
                command("commit", sku, reservation_id=one, quantity=2),
                command("release", sku, reservation_id=one), command("fulfil", sku, reservation_id=one, quantity=1),
                command("release", sku, reservation_id=one, **{"from": "committed"}),
                command("fulfil", sku, reservation_id=one), command("commit", sku, reservation_id=two),
                command("reserve", sku, quantity=1, reservation_id=two, hold_seconds=2**31 - 1))
            deadlines = [reply.pop("expires_at", None) for reply in replies]
            said = [(reply["version"], reply["available"], reply.get("replayed", False)) if reply["ok"]
                    else (reply["code"], reply.get("available")) for reply in replies]
            self.assertEqual(said, [
                (1, 10, False), (2, 6, False), (2, 6, True), ("insufficient_stock", 6), (3, 5, False),
                ("idempotency_key_reused", None), ("unknown_stock", None), (4, 5, False), (5, 5, False),
                ("quantity_exceeds_held", 1), (6, 6, False), (7, 6, False), (8, 8, False),
                ("reservation_closed", None), ("unknown_reservation", None), ("limit_exceeded", None)])
            self.assertEqual([place for place, deadline in enumerate(deadlines) if deadline], [1, 2, 7, 8])
            self.assertGreater(deadlines[7], deadlines[1])
            repeat, = await self.command(connection, command("sell", sku, quantity=1, key=f"till-{one}"))
            as_it_is_now = {"ok": True, "version": 8, "available": 8, "replayed": True}
            self.assertEqual(repeat, as_it_is_now)
            _, reservation = self.engine.call("GET", f"/v1/reservations/{one}")
            self.assertEqual(reservation["lines"][0]["fulfilled"], 1)
            self.engine.change(other, "receive", quantity=5)
            reply, = await self.command(connection, command("reserve", other, quantity=1, reservation_id=one))
            self.assertEqual(reply["code"], "idempotency_key_reused")
            self.assertEqual(await self.command(connection), [])

    async def test_values_out_of_range_are_malformed_in_their_place(self):
        sku, = self.skus(1)
        reservation = str(uuid.uuid4())
        async with Connection(self.engine.url, self.form) as connection:
            replies = await self.command(
                connection, command("receive", sku, quantity=1), command("receive", sku, quantity=0),
                command("receive", sku, quantity=2**31), command("receive", sku, quantity=1, key="a key"),
                command("receive", sku, quantity=1, key=""), command("receive", "s" * 65, quantity=1),
                command("receive", "..", quantity=1),
                command("extend", sku, reservation_id=reservation, hold_seconds=0),
                command("receive", sku, quantity=1))
        self.assertEqual([reply.get("code") for reply in replies], [None, *["malformed"] * 7, None])
        self.assertEqual((replies[-1]["version"], replies[-1]["available"]), (2, 2))

    async def test_many_frames_in_flight(self):
        sku, = self.skus(1)
        async with Connection(self.engine.url, self.form) as connection:
            for number in range(300):
                await connection.send({"type": "commands", "id": str(number), "commands": [
                    command("receive", sku, quantity=1)]})
            replies = {}
            while len(replies) < 300:
                message = await self.hear(connection, "replies")
                replies[message["id"]] = message["replies"][0]["version"]
        self.assertEqual(replies, {str(number): number + 1 for number in range(300)}, "decided in the order sent")

    async def test_errors_leave_the_connection(self):
        async with Connection(self.engine.url, self.form) as connection:
            async def refusal(message, code="malformed", subscription="a"):
                await connection.send(message)
                error = await self.hear(connection, "error")
                self.assertEqual((error.get("id"), error["code"]), (subscription, code), error)
                self.assertTrue(error["detail"])

            subscribe = {"type": "subscribe", "id": "a"}
            await refusal({**subscribe, "mode": "events", "view": "banded"})
            await refusal({**subscribe, "skus": ["."]})
            await refusal({**subscribe, "skus": ["s"] * 10_001}, "limit_exceeded")
            await refusal({"type": "commands", "id": "a", "commands": [command("sell", "s", quantity=1)] * 8193},
                          "limit_exceeded")
            await refusal({"type": "unsubscribe", "id": "nobody"}, subscription="nobody")
            await connection.send({**subscribe, "skus": ["nothing"]})
            await self.hear_until(connection, lambda message: message.get("done"))
            await refusal({**subscribe, "skus": ["other"]})
            await connection.send({"type": "ping"})
            await self.hear(connection, "pong")

    async def test_unsubscribed_is_the_last_message(self):
        sku, = self.skus(1)
        async with Connection(self.engine.url, self.form) as connection:
            for name in ("a", "b"):
                await connection.send({"type": "subscribe", "id": name, "skus": [sku]})
                await self.hear_until(connection, lambda message: message.get("done"))
            await connection.send({"type": "unsubscribe", "id": "a"})
            self.assertEqual((await self.hear(connection, "unsubscribed"))["id"], "a")
            level = self.engine.change(sku, "receive", quantity=1)
            delta = await self.hear(connection, "delta")
            self.assertEqual((delta["id"], delta["levels"]), ("b", [level]))
            await connection.send({"type": "ping"})
            await self.hear(connection, "pong")

    async def test_too_long_a_frame_closes_with_1009(self):
        async with bare_socket(self.engine, saldo_feed.SUBPROTOCOLS[self.form]) as (_head, reader, writer):
            opcode, too_long = {"json": 0x81, "bin": 0x82}[self.form], 4 * 1024 * 1024 + 1
            writer.write(bytes([opcode, 0xFF]) + too_long.to_bytes(8, "big") + bytes(4))  # its head is enough
            self.assertEqual((await close_frame(reader))[0], 1009)

    async def test_readers_and_writers_outlive_kill_and_stop(self):
        engine = self.own_engine()
        skus = self.skus(4)
        levels, movements = Levels(), []
        by_levels = follow(engine.url, {"sku_prefixes": [self.prefix]}, self.form)
        by_events = follow(engine.url, {"mode": "events", "cursor": "earliest"}, self.form)
        self.addAsyncCleanup(by_levels.aclose)
        self.addAsyncCleanup(by_events.aclose)
        resumed_at = []

        def take_movements(message):
            if message["type"] == "subscribed":
                resumed_at.append(message["cursor"])
            movements.extend(message.get("events", []))

        units = 0  # of each key
        async with Commands(engine.url, self.form) as writer:
            for how in (signal.SIGKILL, signal.SIGTERM):
                sending = [asyncio.create_task(writer.send([command("receive", sku, quantity=1) for sku in skus]))
                           for _ in range(40)]
                await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED, timeout=SECONDS_MAX)
                await self.follow_until(by_levels, levels.take, lambda: len(levels.by_key) == len(skus))
                await self.follow_until(by_events, take_movements, lambda: len(movements) > len(skus) * units)
                await asyncio.to_thread(engine.end, how)
                await asyncio.to_thread(engine.start)
                for replies in await asyncio.wait_for(asyncio.gather(*sending), SECONDS_MAX):
                    self.assertTrue(all(reply["ok"] for reply in replies), replies)
                for sku in skus:
                    engine.change(sku, "receive", quantity=1)  # which only those hear that have come back
                units += len(sending) + 1
                wanted = engine.levels(skus)
                self.assertEqual({level["on_hand"] for level in wanted.values()}, {units}, "each once only")
                await self.follow_until(by_levels, levels.take, lambda: levels.by_key == wanted)
                await self.follow_until(by_events, take_movements, lambda: len(movements) >= len(skus) * units)
                for sku in skus:
                    told = [movement for movement in movements if movement["sku"] == sku]
                    self.assertEqual(told, engine.movements(sku))
                self.assert_chain(movements)
        self.assertGreaterEqual(len(resumed_at), 3, "each end of the engine was noticed")


class PromisesInJson(Promises, Case):
    """The form `saldo.v1.json`."""

    form = "json"

    async def test_commands_that_cannot_be_read_are_malformed_in_their_place(self):
        sku, = self.skus(1)
        receive = command("receive", sku, quantity=1)
        async with Connection(self.engine.url) as connection:
            replies = await self.command(
                connection, receive, {**receive, "op": "bogus"}, {**receive, "hold_seconds": 1},
                command("receive", sku), {**receive, "quantity": 1.0}, {**receive, "quantity": "1"},
                {**receive, "quantity": True}, 5, None, {}, command("commit", sku, reservation_id="no id"), receive)
        self.assertEqual([reply.get("code") for reply in replies], [None, *["malformed"] * 10, None])
        self.assertEqual(replies[-1]["available"], 2)

    async def test_frames_that_are_not_understood(self):
        async with Connection(self.engine.url) as connection:
            for frame, name in [('{"type":"bogus","id":"q"}', "q"), ('{"type":"ping","x":1}', None), ("nonsense", None),
                                ("[]", None), ('{"id":"q"}', "q"), ('{"type":"unsubscribe"}', None), ("", None)]:
                await connection.send_frame(frame)
                error = await self.hear(connection, "error")
                self.assertEqual((error.get("id"), error["code"]), (name, "malformed"), frame)


class PromisesInBytes(Promises, Case):
    """The form `saldo.v1.bin`."""

    form = "bin"

    async def test_a_place_behind_the_stocks_is_malformed_in_its_place(self):
        sku, = self.skus(1)
        writer = Writer()
        writer.uint(3)
        writer.string("c")
        writer.list([(sku, LOCATION)], lambda key: [writer.string(part) for part in key])
        writer.bytes += bytes.fromhex("03" "00 00 06 01" "05 00 06 01" "00 00 06 fb0100")
        async with Connection(self.engine.url, "bin") as connection:
            await connection.send_frame(bytes(writer.bytes))
            replies = (await self.hear(connection, "replies"))["replies"]
        self.assertEqual([reply.get("code") for reply in replies], [None, "malformed", None])
        self.assertEqual(replies[-1]["available"], 2)

    async def test_frames_that_are_not_understood(self):
        for data in ("", "0200", "09", "0105", "010161ff"):
            with self.subTest(data=data):
                async with Connection(self.engine.url, "bin") as connection:
                    await connection.send_frame(bytes.fromhex(data))
                    self.assertEqual((await self.hear(connection, "error"))["code"], "malformed")


class Endings(Case):
    """The close codes, and which of them a reader comes back from."""

    async def test_what_breaks_the_websocket_protocol(self):
        for frame, code in [(b"\x81\x82\0\0\0\0\xff\xfe", 1007), (b"\x81\x02{}", 1002)]:
            async with bare_socket(self.engine) as (_head, reader, writer):
                writer.write(frame)
                self.assertEqual((await close_frame(reader))[0], code)

    async def test_a_stop_closes_with_1001(self):
        engine = self.own_engine()
        async with Connection(engine.url) as connection:
            await connection.send({"type": "ping"})
            await self.hear(connection, "pong")
            engine.process.send_signal(signal.SIGTERM)
            with self.assertRaises(Closed) as caught:
                await asyncio.wait_for(connection.receive(), SECONDS_MAX)
            self.assertEqual(caught.exception.code, 1001)

    async def test_silence_closes_with_1008_and_sse_is_kept_alive(self):
        engine = self.own_engine(feed_idle_seconds=2, feed_ping_seconds=1)
        async with bare_socket(engine) as (_head, reader, _writer):
            host, port = engine.listen.split(":")
            sse_reader, sse_writer = await asyncio.open_connection(host, int(port))
            sse_writer.write(b"GET /v1/feed/sse HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual((await close_frame(reader))[0], 1008)
            await asyncio.wait_for(sse_reader.readuntil(b": ping"), SECONDS_MAX)
            sse_writer.close()

    async def test_too_slow_a_reader_is_closed_with_1013_and_a_cursor(self):
        engine = self.own_engine(feed_pending_levels_max=10, feed_snapshot_levels=10)
        skus = self.skus(2000)
        levels = Levels()
        wanted = {"type": "subscribe", "id": "a", "sku_prefixes": [self.prefix]}
        async with Connection(engine.url) as connection, Connection(engine.url) as writer:
            await connection.send(wanted)
            await self.hear_until(connection, lambda message: message.get("done"))
            await self.command(writer, *[command("receive", sku, quantity=1) for sku in skus])
            with self.assertRaises(Closed) as caught:
                while True:
                    levels.take(await asyncio.wait_for(connection.receive(), SECONDS_MAX))
        self.assertEqual(caught.exception.code, 1013)
        self.assertTrue(caught.exception.cursor, caught.exception.reason)
        async with Connection(engine.url) as connection:
            await connection.send({**wanted, "cursor": caught.exception.cursor})
            for message in await self.hear_until(connection, lambda message: message.get("done")):
                self.assertNotIn("full", message)
                levels.take(message)
        for chunk in (skus[:1000], skus[1000:]):
            for key, level in engine.levels(chunk).items():
                self.assertEqual(levels.by_key[key], level)


class Tokens(Case):
    """What a role may do on the feed."""

    async def test_roles(self):
        engine = Engine(anonymous_read="true", anonymous_view="boolean")
        tokens = {}
        for role in ("read", "sell"):
            new = [os.path.abspath(os.environ["SALDO_BIN"]), "token", "new", "--role", role, "--name", role]
            made = subprocess.run(new, cwd=engine.directory, check=True, capture_output=True, text=True)
            tokens[role] = made.stdout.strip()
        engine.start()
        self.addCleanup(engine.remove)
        sku, = self.skus(1)
        commands = {"type": "commands", "id": "c", "commands": [command("receive", sku, quantity=1)]}
        async with Connection(engine.url, "bin", token=tokens["sell"]) as connection:
            await connection.send(commands)
            self.assertTrue((await self.hear(connection, "replies"))["replies"][0]["ok"])
        for role, field in (("read", "on_hand"), (None, "is_available")):
            for form in ("json", "bin"):
                async with Connection(engine.url, form, token=tokens.get(role)) as connection:
                    page, = await self.subscribe(connection, Levels(), id="a")
                    self.assertIn(field, page["levels"][0])
                    for refused in (commands, {"type": "subscribe", "id": "c", "mode": "events"}):
                        await connection.send(refused)
                        error = await self.hear(connection, "error")
                        self.assertEqual((error["id"], error["code"]), ("c", "forbidden"))
        async with bare_socket(engine, f"saldo.token.{tokens['read']}, saldo.v1.json") as (head, _reader, _writer):
            self.assertEqual((int(head.split()[1]), header(head, "sec-websocket-protocol")), (101, "saldo.v1.json"))
        async with bare_socket(engine, "saldo.token.unknown, saldo.v1.json") as (head, _reader, _writer):
            self.assertEqual(int(head.split()[1]), 401)


class ServerSentEvents(Case):
    """The same messages over `/v1/feed/sse`."""

    def read(self, parameters, is_enough, **options):
        heard = []
        with contextlib.closing(read_sse(self.engine.url, parameters, **options)) as stream:
            for event_id, message in stream:
                heard.append((event_id, message))
                if is_enough(message):
                    break
        return heard

    def test_levels(self):
        skus = self.skus(7)
        for sku in skus:
            self.engine.change(sku, "receive", quantity=6)
        heard = self.read({"sku": skus[:2], "sku_prefix": skus[2:], "location": LOCATION},
                          lambda message: message.get("done"))
        levels = Levels()
        for event_id, message in heard:
            self.assertEqual((message["id"], event_id), ("sse", message["cursor"]))
            levels.take(message)
        self.assertEqual(levels.by_key, self.engine.levels(skus))
        changed = self.engine.change(skus[3], "receive", quantity=1)
        heard = self.read({"sku_prefix": self.prefix, "cursor": FOREIGN_CURSOR}, lambda message: message.get("done"),
                          last_event_id=levels.cursor)
        told = [level for _, message in heard for level in message.get("levels", [])]
        self.assertTrue(told and all(level == changed for level in told), "Last-Event-ID wins over the cursor")
        heard = self.read({"sku": skus[0], "view": "banded"}, lambda message: message.get("done"))
        self.assertEqual(heard[0][1]["view"], "banded")
        self.assertEqual(heard[1][1]["levels"][0]["availability"], "in_stock")

    def test_events(self):
        sku, = self.skus(1)
        for _ in range(5):
            self.engine.change(sku, "receive", quantity=1)
        history = self.engine.movements(sku)

        def is_last(message):
            return any(event["version"] == 5 for event in message.get("events", []))

        parameters = {"sku": sku, "mode": "events", "cursor": "earliest"}
        heard = self.read(parameters, is_last)
        self.assertEqual([event for _, message in heard for event in message.get("events", [])], history)
        for event_id, message in heard:
            if message["type"] == "events":
                self.assertEqual(event_id, message["events"][-1]["cursor"])
        heard = self.read(parameters, is_last, last_event_id=history[1]["cursor"])
        self.assertEqual([event for _, message in heard for event in message.get("events", [])], history[2:])

    def test_a_stream_ends_after_a_gap(self):
        heard = self.read({"mode": "events", "cursor": FOREIGN_CURSOR}, lambda _message: False)
        self.assertEqual([message["type"] for _, message in heard], ["subscribed", "gap"])
        event_id, gap = heard[-1]
        self.assertEqual(event_id, gap["earliest"])

    def test_refusals(self):
        for parameters in ({"mode": "bogus"}, {"bogus": "1"}, {"sku": "."}, {"mode": "events", "view": "exact"}):
            with self.assertRaises(Refused, msg=parameters) as caught:
                for _event_id, message in follow_sse(self.engine.url, parameters):
                    self.fail(message)
            self.assertEqual(caught.exception.code, "malformed")

    def test_a_reader_outlives_a_kill(self):
        engine = self.own_engine()
        sku, = self.skus(1)
        engine.change(sku, "receive", quantity=1)
        movements = []
        with contextlib.closing(follow_sse(engine.url, {"mode": "events", "cursor": "earliest"})) as stream:
            for _event_id, message in stream:
                movements += message.get("events", [])
                if len(movements) == 1 and message["type"] == "events":
                    engine.end(signal.SIGKILL)
                    engine.start()
                    engine.change(sku, "receive", quantity=1)
                if len(movements) == 2:
                    break
        self.assertEqual(movements, engine.movements(sku))


if __name__ == "__main__":
    unittest.main()
