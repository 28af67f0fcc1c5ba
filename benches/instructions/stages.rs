//! The stages of a reserve that are counted.

use std::hint::black_box;

use saldo::journal::group::{GroupWriter, tell};
use saldo_ledger::{
    Balances, Command, Event, Mode, ReservationId, Selection, StockKey, StockLedger, Terms,
    Timestamp, Verb,
};
use saldo_protocol::binary::{
    ActionRecord, ClientFrame, CommandRecord, ReplyRecord, Row, ServerFrame, StockName,
};

/// Holds that are open before any is counted.
const OPEN: u64 = 2_000;
/// Commands of a frame, events of a group, and reserves of a ledger.
const TIMES: u64 = 1_024;
const AT_US: u64 = 1_770_000_000_000_000;
const HOLD_SECONDS: u32 = 900;

/// Work that is ready to be counted.
pub type Prepared = Result<Box<dyn FnMut()>, String>;

/// What is carried out so often.
pub struct Stage {
    pub name: &'static str,
    pub times: u64,
    pub prepare: fn() -> Prepared,
}

pub const STAGES: &[Stage] = &[
    Stage { name: "read: a command of a binary frame", times: TIMES, prepare: frame_read },
    Stage { name: "decide and apply: a reserve", times: TIMES, prepare: ledger_reserve },
    Stage { name: "decide and apply: a commit", times: TIMES, prepare: ledger_commit },
    Stage { name: "write: a reserve of a journal's group", times: TIMES, prepare: group_written },
    Stage { name: "replay: a reserve of a journal's group", times: TIMES, prepare: group_told },
    Stage { name: "reply: of a binary frame", times: TIMES, prepare: replies_written },
];

fn bits(number: u64) -> u128 {
    // Spread as random ids are; an odd factor maps no two numbers to one.
    u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

fn id(number: u64) -> Result<ReservationId, String> {
    ReservationId::new(bits(number)).ok_or_else(|| "an id of zeros".to_owned())
}

fn key() -> Result<StockKey, String> {
    StockKey::new("TEE-BLACK-M", "OSLO-1").map_err(|error| error.to_string())
}

fn reserve(number: u64) -> Result<Command, String> {
    let (id, mode) = (id(number)?, Mode::AllOrNothing);
    Ok(Command::ReserveOne {
        id,
        fingerprint: number,
        quantity: 1,
        hold_seconds: HOLD_SECONDS,
        mode,
    })
}

fn carried_out(ledger: &mut StockLedger, command: &Command) -> Result<Event, String> {
    let (terms, now) = (Terms::default(), Timestamp::from_micros(AT_US));
    let event = ledger.decide(command, &terms, now).map_err(|refusal| format!("{refusal:?}"))?;
    ledger.apply(&event);
    Ok(event)
}

/// A ledger with holds open, and the commands to carry out next.
fn ledger_with(commands: Vec<Command>) -> Prepared {
    let mut ledger = StockLedger::new(key()?);
    let receive = Command::Receive { quantity: 1 << 20, from_incoming: false, note: None };
    carried_out(&mut ledger, &receive)?;
    for number in 1..=OPEN {
        carried_out(&mut ledger, &reserve(number)?)?;
    }
    Ok(Box::new(move || {
        for command in &commands {
            assert!(carried_out(&mut ledger, black_box(command)).is_ok(), "it has been refused");
        }
    }))
}

fn ledger_reserve() -> Prepared {
    ledger_with((OPEN + 1..=OPEN + TIMES).map(reserve).collect::<Result<_, _>>()?)
}

fn ledger_commit() -> Prepared {
    let commit = |number| {
        let (id, verb) = (id(number)?, Verb::Commit);
        Ok(Command::Settle { id, verb, selection: Selection::All })
    };
    ledger_with((1..=TIMES).map(commit).collect::<Result<_, String>>()?)
}

fn events() -> Result<Vec<Event>, String> {
    let mut ledger = StockLedger::new(key()?);
    let receive = Command::Receive { quantity: 1 << 20, from_incoming: false, note: None };
    carried_out(&mut ledger, &receive)?;
    (1..=TIMES).map(|number| carried_out(&mut ledger, &reserve(number)?)).collect()
}

fn write(writer: &mut GroupWriter, key: &StockKey, events: &[Event]) {
    let before = Balances { on_hand: 1 << 20, reserved: 40_000, ..Balances::default() };
    writer.open(key, 123_456_789, 1_000_000, &before, Timestamp::from_micros(AT_US));
    events.iter().for_each(|event| writer.add(event));
}

fn group_written() -> Prepared {
    let (key, events, mut writer) = (key()?, events()?, GroupWriter::default());
    // Once before, so that its buffer has grown.
    write(&mut writer, &key, &events);
    Ok(Box::new(move || write(&mut writer, black_box(&key), black_box(&events))))
}

fn group_told() -> Prepared {
    let (key, events, mut writer) = (key()?, events()?, GroupWriter::default());
    write(&mut writer, &key, &events);
    Ok(Box::new(move || {
        let told = tell(black_box(writer.bytes()), 1, |tale| {
            black_box(tale);
            Ok::<_, Box<dyn std::error::Error>>(())
        });
        assert!(told.is_ok(), "a group does not tell its events");
    }))
}

fn frame_read() -> Prepared {
    let commands = (1..=TIMES).map(|number| CommandRecord {
        stock: 0,
        key: None,
        action: ActionRecord::Reserve {
            reservation_id: bits(number).to_be_bytes(),
            quantity: 1,
            hold_seconds: Some(HOLD_SECONDS),
        },
    });
    let stocks = Row(vec![StockName { sku: "TEE-BLACK-M", location: "OSLO-1" }]);
    let frame = ClientFrame::Commands { id: "1", stocks, commands: Row(commands.collect()) };
    let bytes = frame.encode();
    Ok(Box::new(move || {
        let read = ClientFrame::decode(black_box(&bytes));
        assert!(black_box(read).is_ok(), "a frame is not read");
    }))
}

fn replies_written() -> Prepared {
    let replies = (1..=TIMES).map(|number| ReplyRecord::Done {
        version: 1_000_000 + number,
        available: 500_000,
        expires_at: Some(AT_US + number),
        replayed: false,
    });
    let replies = ServerFrame::Replies { id: "1", replies: Row(replies.collect()) };
    Ok(Box::new(move || drop(black_box(black_box(&replies).encode()))))
}
