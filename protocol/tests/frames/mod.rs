//! Any frame of the feed, for properties: every field over its whole range, texts with more than ASCII.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use saldo_protocol::*;
use uuid::Uuid;

fn text(bytes_max: usize) -> impl Strategy<Value = String> {
    // Two characters of two bytes each among them, so a third of the limit always fits.
    proptest::string::string_regex(&format!("[A-Za-z0-9Åé/. -]{{1,{}}}", bytes_max / 3))
        .expect("a pattern")
        .prop_filter("no path of dots", |text| !matches!(text.as_str(), "." | ".."))
}

fn cursor() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[!-~]{1,64}").expect("a pattern")
}

fn units() -> impl Strategy<Value = i64> {
    prop_oneof![-300..300_i64, -INTEGER_MAX..=INTEGER_MAX]
}

fn version() -> impl Strategy<Value = u64> {
    prop_oneof![1..300_u64, 1..=INTEGER_MAX.unsigned_abs()]
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0..=Timestamp::MAX.as_micros()).prop_map(Timestamp::from_micros_clamped)
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<[u8; 16]>().prop_map(Uuid::from_bytes)
}

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![1..300_u32, 1..=2_147_483_647_u32].prop_map(|q| Quantity::new(q).expect("in range"))
}

fn hold() -> impl Strategy<Value = HoldSeconds> {
    (1..=604_800_u32).prop_map(|seconds| HoldSeconds::new(seconds).expect("in range"))
}

fn name() -> impl Strategy<Value = FrameId> {
    text(64).prop_map(|text| FrameId::new(text).expect("an id"))
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (uuid(), quantity(), of(hold())).prop_map(|(reservation_id, quantity, hold_seconds)| {
            Action::Reserve { reservation_id, quantity, hold_seconds }
        }),
        (uuid(), hold()).prop_map(|(reservation_id, hold_seconds)| Action::Extend {
            reservation_id,
            hold_seconds
        }),
        (uuid(), of(quantity()))
            .prop_map(|(reservation_id, quantity)| Action::Commit { reservation_id, quantity }),
        (uuid(), of(quantity()))
            .prop_map(|(reservation_id, quantity)| Action::Fulfil { reservation_id, quantity }),
        (uuid(), of(quantity()), any::<bool>()).prop_map(
            |(reservation_id, quantity, committed)| {
                let from = if committed { ReleaseFrom::Committed } else { ReleaseFrom::Held };
                Action::Release { reservation_id, quantity, from }
            }
        ),
        quantity().prop_map(|quantity| Action::Sell { quantity }),
        quantity().prop_map(|quantity| Action::Receive { quantity }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let key = proptest::string::string_regex("[!-~]{1,255}").expect("a pattern");
    (of(key), text(64), text(32), action()).prop_map(|(key, sku, location, action)| Command {
        key: key.map(|key| IdempotencyKey::new(key).expect("a key")),
        sku: Sku::new(sku).expect("a SKU"),
        location: Location::new(location).expect("a location"),
        action,
    })
}

fn subscribe() -> impl Strategy<Value = Subscribe> {
    let skus = vec(text(64).prop_map(|text| Sku::new(text).expect("a SKU")), 0..4);
    let prefixes = vec(text(64).prop_map(|text| SkuPrefix::new(text).expect("a prefix")), 0..4);
    let places = vec(text(32).prop_map(|text| Location::new(text).expect("a location")), 0..4);
    let told = prop_oneof![
        Just((FeedMode::Events, None)),
        of(view()).prop_map(|view| (FeedMode::Levels, view)),
    ];
    (name(), of(skus), of(prefixes), of(places), told, of(cursor())).prop_map(
        |(id, skus, sku_prefixes, locations, (mode, view), cursor)| Subscribe {
            id,
            skus,
            sku_prefixes,
            locations,
            mode,
            view,
            cursor: cursor.map(|cursor| Cursor::new(cursor).expect("a cursor")),
        },
    )
}

fn view() -> impl Strategy<Value = View> {
    prop_oneof![Just(View::Exact), Just(View::Banded), Just(View::Boolean)]
}

/// Any frame of a client.
pub fn client_message() -> impl Strategy<Value = ClientMessage> {
    prop_oneof![
        subscribe().prop_map(ClientMessage::Subscribe),
        name().prop_map(|id| ClientMessage::Unsubscribe { id }),
        Just(ClientMessage::Ping),
        (name(), vec(command(), 0..6))
            .prop_map(|(id, commands)| ClientMessage::Commands { id, commands }),
    ]
}

fn balances() -> impl Strategy<Value = Balances> {
    proptest::array::uniform8(units()).prop_map(
        |[
            on_hand,
            reserved,
            committed,
            damaged,
            quality_control,
            safety_stock,
            incoming,
            available,
        ]| {
            Balances {
                on_hand,
                reserved,
                committed,
                damaged,
                quality_control,
                safety_stock,
                incoming,
                available,
            }
        },
    )
}

/// A level in any view.
pub fn level() -> impl Strategy<Value = LevelView> {
    let names = || (text(64), text(32), version(), time());
    let exact = (names(), balances(), units());
    let band = prop_oneof![
        Just(StockBand::OutOfStock),
        Just(StockBand::LowStock),
        Just(StockBand::InStock)
    ];
    prop_oneof![
        exact.prop_map(|((sku, location, version, as_of), balances, oversell_limit)| {
            LevelView::Exact(Level {
                sku,
                location,
                on_hand: balances.on_hand,
                reserved: balances.reserved,
                committed: balances.committed,
                damaged: balances.damaged,
                quality_control: balances.quality_control,
                safety_stock: balances.safety_stock,
                incoming: balances.incoming,
                available: balances.available,
                oversell_limit,
                version,
                as_of,
            })
        }),
        (names(), band).prop_map(|((sku, location, version, as_of), availability)| {
            LevelView::Banded(BandedLevel { sku, location, availability, version, as_of })
        }),
        (names(), any::<bool>()).prop_map(|((sku, location, version, as_of), is_available)| {
            LevelView::Boolean(BooleanLevel { sku, location, is_available, version, as_of })
        }),
    ]
}

/// An event of any kind.
pub fn movement() -> impl Strategy<Value = Movement> {
    use MovementKind as Kind;
    let kinds = [
        Kind::Received,
        Kind::Adjusted,
        Kind::Counted,
        Kind::PolicySet,
        Kind::Reserved,
        Kind::Extended,
        Kind::Committed,
        Kind::Fulfilled,
        Kind::Released,
        Kind::Expired,
        Kind::Returned,
        Kind::Sold,
        Kind::Opening,
    ];
    let place = (cursor(), text(64), text(32), version(), time());
    let moved = (proptest::sample::select(kinds.to_vec()), units(), balances(), balances());
    let cause = (of(uuid()), of(text(256)), of(text(256)));
    (place, moved, cause).prop_map(|(place, moved, cause)| {
        let (cursor, sku, location, version, at) = place;
        let (kind, quantity, before, after) = moved;
        let (reservation_id, reason, reference) = cause;
        Movement {
            cursor,
            sku,
            location,
            version,
            kind,
            quantity,
            before,
            after,
            reservation_id,
            reason,
            reference,
            at,
        }
    })
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        (version(), units(), of(time()), any::<bool>()).prop_map(
            |(version, available, expires_at, replayed)| Reply::Done {
                version,
                available,
                expires_at,
                replayed
            }
        ),
        (code(), of(units())).prop_map(|(code, available)| Reply::Refused { code, available }),
    ]
}

fn code() -> impl Strategy<Value = Code> {
    proptest::sample::select(Code::ALL.to_vec())
}

/// Any frame of the engine.
pub fn engine_message() -> impl Strategy<Value = ServerMessage> {
    prop_oneof![
        (text(64), cursor(), view()).prop_map(|(id, cursor, view)| ServerMessage::Subscribed {
            id,
            cursor,
            view
        }),
        (text(64), vec(level(), 0..5), any::<bool>(), cursor(), any::<bool>()).prop_map(
            |(id, levels, done, cursor, full)| ServerMessage::Snapshot {
                id,
                levels,
                done,
                cursor,
                full
            }
        ),
        (text(64), vec(level(), 0..5), cursor())
            .prop_map(|(id, levels, cursor)| ServerMessage::Delta { id, levels, cursor }),
        (text(64), vec(movement(), 0..4))
            .prop_map(|(id, events)| ServerMessage::Events { id, events }),
        (text(64), cursor()).prop_map(|(id, earliest)| ServerMessage::Gap { id, earliest }),
        text(64).prop_map(|id| ServerMessage::Unsubscribed { id }),
        Just(ServerMessage::Pong),
        (text(64), vec(reply(), 0..6))
            .prop_map(|(id, replies)| ServerMessage::Replies { id, replies }),
        (of(text(64)), code(), text(256)).prop_map(|(id, code, detail)| ServerMessage::Error {
            id,
            code,
            detail
        }),
    ]
}
