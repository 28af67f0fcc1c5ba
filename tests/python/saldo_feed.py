"""A client of Saldo's feed (docs/protocol.md, "The feed"), written from that document alone.

`Connection` is one WebSocket in either form; `follow` one subscription over every broken connection; `Levels` what a
subscription of levels has told; `Commands` sends commands once only; `follow_sse` reads Server-Sent Events with the
standard library alone. Messages are the dictionaries of the JSON form, whichever form the connection speaks.
Needs the library `websockets`, 10.4 (Debian bookworm) or newer.
"""

import asyncio
import contextlib
import datetime
import http.client
import inspect
import json
import random
import time
import urllib.parse
import uuid

import websockets
from websockets.exceptions import ConnectionClosed, InvalidHandshake

SUBPROTOCOLS = {"json": "saldo.v1.json", "bin": "saldo.v1.bin"}
CODES = [  # by number, from 1
    "malformed", "unauthorized", "forbidden", "limit_exceeded", "idempotency_key_reused", "unknown_stock",
    "unknown_reservation", "version_mismatch", "reservation_expired", "reservation_closed", "quantity_exceeds_held",
    "quantity_exceeds_committed", "quantity_exceeds_fulfilled", "hold_limit", "insufficient_stock", "overloaded",
    "read_only", "not_ready", "not_found", "method_not_allowed", "payload_too_large", "unsupported_media_type",
    "outcome_unknown",
]
CODES_TO_TRY_AGAIN = {"overloaded", "read_only", "not_ready"}
CLOSE_CODES_FINAL = {1002, 1003, 1007, 1009}  # the client itself is wrong: coming back would not help
BACKOFF_SECONDS_FIRST = 0.1
BACKOFF_SECONDS_MAX = 10.0
OPEN_SECONDS_MAX = 10.0
SILENCE_SECONDS_MAX = 60.0  # three of the engine's pings


class BadFrame(Exception):
    """Bytes that are not a message of the binary form."""


class Refused(Exception):
    """The engine said no, finally: an `error` message or a problem, with its code and detail."""

    def __init__(self, code, detail):
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Gap(Exception):
    """Events after the cursor are not kept any more; `earliest` is where those that are begin."""

    def __init__(self, earliest):
        super().__init__(f"events before {earliest} are not kept any more")
        self.earliest = earliest


class Closed(Exception):
    """The connection ended with this close code (1006: without one) and reason."""

    def __init__(self, code, reason):
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code
        self.reason = reason

    @property
    def cursor(self):
        """Where to resume each subscription after 1013, if the reason says so."""
        _, found, cursor = self.reason.rpartition("cursor ")
        return cursor if found and self.code == 1013 else None


# --- The binary form: values ---

EPOCH = datetime.datetime(1970, 1, 1)
VIEWS = ["exact", "banded", "boolean"]
AVAILABILITIES = ["out_of_stock", "low_stock", "in_stock"]
BALANCES = [
    "on_hand", "reserved", "committed", "damaged", "quality_control", "safety_stock", "incoming", "available",
]
KINDS = [
    "received", "adjusted", "counted", "policy_set", "reserved", "extended", "committed", "fulfilled", "released",
    "expired", "returned", "sold", "opening",
]


class Writer:
    """Values as bytes."""

    def __init__(self):
        self.bytes = bytearray()

    def u8(self, value):
        self.bytes.append(value)

    boolean = u8

    def uint(self, value):
        if value < 251:
            self.bytes.append(value)
            return
        mark, length = (251, 2) if value < 1 << 16 else (252, 4) if value < 1 << 32 else (253, 8)
        self.bytes.append(mark)
        self.bytes += value.to_bytes(length, "little")

    def int(self, value):
        self.uint(value * 2 if value >= 0 else -value * 2 - 1)

    def string(self, value):
        encoded = value.encode()
        self.uint(len(encoded))
        self.bytes += encoded

    def id(self, value):
        self.bytes += uuid.UUID(value).bytes

    def list(self, values, write):
        self.uint(len(values))
        for value in values:
            write(value)

    def strings(self, values):
        self.list(values, self.string)

    def maybe(self, value, write):
        self.boolean(value is not None)
        if value is not None:
            write(value)


class Reader:
    """Values from bytes."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, length):
        if self.at + length > len(self.data):
            raise BadFrame(f"{len(self.data)} bytes, {self.at + length} needed")
        self.at += length
        return self.data[self.at - length:self.at]

    def u8(self):
        return self.take(1)[0]

    def uint(self):
        first = self.u8()
        if first < 251:
            return first
        if first > 253:
            raise BadFrame(f"no integer begins with {first}")
        return int.from_bytes(self.take(1 << (first - 250)), "little")

    def int(self):
        value = self.uint()
        return -(value // 2) - 1 if value % 2 else value // 2

    def boolean(self):
        return self.choice([False, True])

    def choice(self, variants):
        number = self.uint()
        if number >= len(variants):
            raise BadFrame(f"variant {number} of {len(variants)}")
        return variants[number]

    def string(self):
        try:
            return str(self.take(self.uint()), "utf-8")
        except UnicodeDecodeError as error:
            raise BadFrame(str(error)) from error

    def id(self):
        return str(uuid.UUID(bytes=bytes(self.take(16))))

    def time(self):
        moment = EPOCH + datetime.timedelta(microseconds=self.uint())
        return moment.isoformat(timespec="microseconds") + "Z"

    def list(self, read):
        return [read() for _ in range(self.uint())]

    def maybe(self, read):
        return read() if self.boolean() else None

    def maybe_into(self, message, field, read):
        """A field that the JSON form leaves out where there is nothing to tell."""
        value = self.maybe(read)
        if value is not None:
            message[field] = value


# --- The binary form: messages ---

def encode(message):
    """The bytes of a message to the engine."""
    writer = Writer()
    kinds = ["subscribe", "unsubscribe", "ping", "commands"]
    kind = message["type"]
    writer.uint(kinds.index(kind))
    if kind == "subscribe":
        writer.string(message["id"])
        for selection in ("skus", "sku_prefixes", "locations"):
            writer.maybe(message.get(selection), writer.strings)
        writer.boolean(message.get("mode", "levels") == "events")
        writer.maybe(message.get("view"), lambda view: writer.u8(VIEWS.index(view)))
        writer.maybe(message.get("cursor"), writer.string)
    elif kind == "unsubscribe":
        writer.string(message["id"])
    elif kind == "commands":
        _write_commands(writer, message)
    return bytes(writer.bytes)


def _write_commands(writer, message):
    places = {}
    for command in message["commands"]:
        places.setdefault((command["sku"], command["location"]), len(places))
    writer.string(message["id"])
    writer.list(list(places), lambda key: [writer.string(part) for part in key])
    writer.uint(len(message["commands"]))
    for command in message["commands"]:
        writer.uint(places[command["sku"], command["location"]])
        writer.maybe(command.get("key"), writer.string)
        _write_action(writer, command)


def _write_action(writer, command):
    op = command["op"]
    writer.uint(["reserve", "extend", "commit", "fulfil", "release", "sell", "receive"].index(op))
    if op in ("sell", "receive"):
        writer.uint(command["quantity"])
        return
    writer.id(command["reservation_id"])
    if op == "reserve":
        writer.uint(command["quantity"])
        writer.maybe(command.get("hold_seconds"), writer.uint)
    elif op == "extend":
        writer.uint(command["hold_seconds"])
    else:
        writer.maybe(command.get("quantity"), writer.uint)
        if op == "release":
            writer.boolean(command.get("from", "held") == "committed")


def decode(data):
    """The message that the engine said in these bytes."""
    reader = Reader(data)
    message = reader.choice([
        _subscribed, _snapshot, _delta, _events, _gap, _unsubscribed, _pong, _replies, _error,
    ])(reader)
    if reader.at != len(data):
        raise BadFrame(f"{len(data) - reader.at} bytes behind the message")
    return message


def _subscribed(reader):
    message = {"type": "subscribed", "id": reader.string(), "cursor": reader.string()}
    view = reader.choice(VIEWS)
    return message if view == "exact" else {**message, "view": view}


def _snapshot(reader):
    message = {"type": "snapshot", "id": reader.string(), "levels": reader.list(lambda: _level(reader)),
               "done": reader.boolean(), "cursor": reader.string()}
    return {**message, "full": True} if reader.boolean() else message


def _delta(reader):
    return {"type": "delta", "id": reader.string(), "levels": reader.list(lambda: _level(reader)),
            "cursor": reader.string()}


def _events(reader):
    return {"type": "events", "id": reader.string(), "events": reader.list(lambda: _movement(reader))}


def _gap(reader):
    return {"type": "gap", "id": reader.string(), "earliest": reader.string()}


def _unsubscribed(reader):
    return {"type": "unsubscribed", "id": reader.string()}


def _pong(_reader):
    return {"type": "pong"}


def _replies(reader):
    return {"type": "replies", "id": reader.string(), "replies": reader.list(lambda: _reply(reader))}


def _error(reader):
    message = {"type": "error"}
    reader.maybe_into(message, "id", reader.string)
    return {**message, "code": _code(reader), "detail": reader.string()}


def _code(reader):
    number = reader.uint()
    return CODES[number - 1] if 1 <= number <= len(CODES) else f"code_{number}"


def _level(reader):
    view = reader.choice(VIEWS)
    level = {"sku": reader.string(), "location": reader.string()}
    if view == "exact":
        level.update(_balances(reader), oversell_limit=reader.int())
    elif view == "banded":
        level["availability"] = reader.choice(AVAILABILITIES)
    else:
        level["is_available"] = reader.boolean()
    return {**level, "version": reader.uint(), "as_of": reader.time()}


def _balances(reader):
    return {name: reader.int() for name in BALANCES}


def _movement(reader):
    movement = {"cursor": reader.string(), "sku": reader.string(), "location": reader.string(),
                "version": reader.uint(), "kind": reader.choice(KINDS), "quantity": reader.int(),
                "before": _balances(reader), "after": _balances(reader)}
    reader.maybe_into(movement, "reservation_id", reader.id)
    reader.maybe_into(movement, "reason", reader.string)
    reader.maybe_into(movement, "reference", reader.string)
    return {**movement, "at": reader.time()}


def _reply(reader):
    if reader.choice(["done", "refused"]) == "done":
        reply = {"ok": True, "version": reader.uint(), "available": reader.int()}
        reader.maybe_into(reply, "expires_at", reader.time)
        return {**reply, "replayed": True} if reader.boolean() else reply
    reply = {"ok": False, "code": _code(reader)}
    reader.maybe_into(reply, "available", reader.int)
    return reply


# --- One connection ---

class Connection:
    """One WebSocket to `/v1/feed`, in the form `json` or `bin`. A context manager."""

    def __init__(self, url, form="json", token=None):
        """`url` is the engine's, such as `http://127.0.0.1:7700`."""
        self.form = form
        options = {"subprotocols": [SUBPROTOCOLS[form]], "max_size": None, "compression": None,
                   "open_timeout": OPEN_SECONDS_MAX, "close_timeout": 1}
        if token is not None:
            options[_headers_option()] = {"Authorization": f"Bearer {token}"}
        self._opening = websockets.connect("ws" + url.rstrip("/")[len("http"):] + "/v1/feed", **options)
        self._socket = None

    async def __aenter__(self):
        try:
            self._socket = await self._opening
        except InvalidHandshake as error:
            status = _status_of(error)
            if status is None or status >= 500:
                raise
            raise Refused(f"status_{status}", "the engine did not open a feed") from error
        if self._socket.subprotocol != SUBPROTOCOLS[self.form]:
            await self._socket.close()
            raise Refused("subprotocol", f"{SUBPROTOCOLS[self.form]} is not spoken there")
        return self

    async def __aexit__(self, *_error):
        # Where the engine was faster, the library (17.4) trips over its own transport.
        with contextlib.suppress(ConnectionClosed, OSError, AttributeError):
            await self._socket.close()

    async def send(self, message):
        await self.send_frame(encode(message) if self.form == "bin" else json.dumps(message))

    async def send_frame(self, frame):
        """A frame as it is: bytes or text."""
        with _closing():
            await self._socket.send(frame)

    async def receive(self):
        """The next message. `Closed` when there is none any more."""
        with _closing():
            frame = await self._socket.recv()
        return decode(frame) if isinstance(frame, bytes) else json.loads(frame)


def _headers_option():
    parameters = inspect.signature(websockets.connect.__init__).parameters
    return "additional_headers" if "additional_headers" in parameters else "extra_headers"


def _status_of(error):
    """The HTTP status in place of an upgrade; the exception's shape depends on the library's version."""
    response = getattr(error, "response", None)
    return getattr(error, "status_code", None) or getattr(response, "status_code", None)


@contextlib.contextmanager
def _closing():
    try:
        yield
    except ConnectionClosed as error:
        code, reason = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "")
        raise Closed(code, reason) from error


class Backoff:
    """Exponential back-off with full jitter."""

    def __init__(self):
        self.attempts = 0

    def seconds(self):
        longest = min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_FIRST * 2 ** min(self.attempts, 16))
        self.attempts += 1
        return random.uniform(0, longest)

    def worked(self):
        self.attempts = 0


BROKEN = (Closed, OSError, InvalidHandshake, asyncio.TimeoutError)


# --- A subscription ---

class Levels:
    """What a subscription of levels has told: the newest level of each key, and the cursor to resume from."""

    def __init__(self):
        self.by_key = {}
        self.cursor = None
        self.is_complete = False
        self._early = None  # deltas before the first page, which alone says whether what is known still counts

    def take(self, message):
        kind = message["type"]
        if kind == "subscribed":
            # Its cursor is not kept: as long as no page came, the place to resume from is the old one.
            self._early = []
            self.is_complete = False
        elif kind == "delta" and self._early is not None:
            self._early.append(message)
        elif kind in ("snapshot", "delta"):
            if self._early is not None and message.get("full"):
                self.by_key.clear()  # of another journal: its versions must not win over these
            self._keep(message)
            early, self._early = self._early or [], None
            for delta in early:
                self._keep(delta)
            if kind == "snapshot":
                self.is_complete = message["done"]

    def _keep(self, message):
        for level in message["levels"]:
            key = level["sku"], level["location"]
            if key not in self.by_key or level["version"] > self.by_key[key]["version"]:
                self.by_key[key] = level
        self.cursor = message["cursor"]


def cursor_after(message, is_events):
    """Where to resume once this message is taken in; None where it does not move that place."""
    kind = message["type"]
    if kind == "events" and message["events"]:
        return message["events"][-1]["cursor"]
    if kind in ("snapshot", "delta") or kind == "subscribed" and is_events:
        return message["cursor"]
    return None


async def follow(url, subscription, form="json", token=None):
    """Every message of one subscription, for ever: comes back by itself and resumes by cursor.

    `subscription` is a `subscribe` message without `type`. Raises `Gap`, `Refused`, and `Closed` for what would not
    get better by itself.
    """
    wanted = {"type": "subscribe", "id": "follow", **subscription}
    is_events = wanted.get("mode") == "events"
    backoff = Backoff()
    while True:
        try:
            async with Connection(url, form, token) as connection:
                await connection.send(wanted)
                while True:
                    message = await connection.receive()
                    if message.get("id") != wanted["id"] and message["type"] != "error":
                        continue
                    if message["type"] == "gap":
                        raise Gap(message["earliest"])
                    if message["type"] == "error":
                        if message["code"] in CODES_TO_TRY_AGAIN:
                            break
                        raise Refused(message["code"], message["detail"])
                    backoff.worked()
                    yield message
                    cursor = cursor_after(message, is_events)
                    if cursor is not None:
                        wanted["cursor"] = cursor
        except BROKEN as error:
            if isinstance(error, Closed) and error.code in CLOSE_CODES_FINAL:
                raise
        await asyncio.sleep(backoff.seconds())


# --- Commands ---

class Commands:
    """Sends frames of commands, each carried out once only: what was in flight when a connection broke is repeated."""

    def __init__(self, url, form="json", token=None):
        self._where = url, form, token
        self._frames = {}  # id: (message, future of its replies)
        self._connection = None
        self._task = None

    async def __aenter__(self):
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_error):
        self._task.cancel()
        await asyncio.wait([self._task])

    async def send(self, commands):
        """The replies, in the commands' order. Gives every command a key that has none, so that it can be repeated."""
        if self._task.done():
            raise Refused("ended", "what an earlier frame was told ended this client")
        keyed = [{"key": str(uuid.uuid4()), **command} for command in commands]
        message = {"type": "commands", "id": str(uuid.uuid4()), "commands": keyed}
        replies = asyncio.get_running_loop().create_future()
        self._frames[message["id"]] = message, replies
        try:
            if self._connection is not None:
                with contextlib.suppress(Closed):  # then the next connection repeats it
                    await self._connection.send(message)
            return await replies
        finally:
            del self._frames[message["id"]]

    async def _run(self):
        backoff = Backoff()
        try:
            while True:
                try:
                    async with Connection(*self._where) as connection:
                        for message, _replies in list(self._frames.values()):
                            await connection.send(message)
                        self._connection = connection
                        while True:
                            message = await connection.receive()
                            backoff.worked()
                            if not self._take(message):
                                break
                except BROKEN as error:
                    if isinstance(error, Closed) and error.code in CLOSE_CODES_FINAL:
                        raise
                finally:
                    self._connection = None
                await asyncio.sleep(backoff.seconds())
        except Exception as error:
            for _message, replies in self._frames.values():
                if not replies.done():
                    replies.set_exception(error)

    def _take(self, message):
        """Whether the connection can go on; otherwise its frames have to be repeated after a while."""
        if message["type"] == "error":
            if message["code"] in CODES_TO_TRY_AGAIN:
                return False
            if "id" not in message:  # no telling which frame was meant
                raise Refused(message["code"], message["detail"])
        _, replies = self._frames.get(message.get("id"), (None, None))
        if replies is not None and not replies.done():
            if message["type"] == "replies":
                replies.set_result(message["replies"])
            elif message["type"] == "error":
                replies.set_exception(Refused(message["code"], message["detail"]))
        return True


# --- Server-Sent Events ---

def read_sse(url, parameters, token=None, last_event_id=None):
    """One stream of `/v1/feed/sse`: (id, message) of each event, until it ends. `parameters` as for `urlencode`."""
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=SILENCE_SECONDS_MAX)
    headers = {"Accept": "text/event-stream"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    query = urllib.parse.urlencode(parameters, doseq=True, quote_via=urllib.parse.quote)
    try:
        connection.request("GET", f"/v1/feed/sse?{query}", headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            problem = json.loads(response.read())
            raise Refused(problem["code"], problem["detail"])
        fields = {}
        while line := response.readline():
            name, _, value = line.decode().rstrip("\r\n").partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name == "data" and "data" in fields:
                value = fields["data"] + "\n" + value
            if name:
                fields[name] = value
            elif not line.strip():  # an empty line ends an event; one that begins with a colon is a comment
                if "data" in fields:
                    yield fields.get("id"), json.loads(fields["data"])
                fields = {}
    finally:
        connection.close()


def follow_sse(url, parameters, token=None, last_event_id=None):
    """Every (id, message) of a subscription, for ever: comes back by itself with the last id that it heard."""
    backoff = Backoff()
    while True:
        try:
            for event_id, message in read_sse(url, parameters, token, last_event_id):
                if message["type"] == "gap":
                    raise Gap(message["earliest"])
                if message["type"] == "error" and message["code"] not in CODES_TO_TRY_AGAIN:
                    raise Refused(message["code"], message["detail"])
                backoff.worked()
                yield event_id, message
                last_event_id = event_id or last_event_id
        except Refused as error:
            if error.code not in CODES_TO_TRY_AGAIN:
                raise
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(backoff.seconds())
