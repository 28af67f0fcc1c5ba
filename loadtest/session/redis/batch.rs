//! Many holds in one call: grouped by stock, quantity and length of hold, and their answers put in order again.

use saldo_protocol::Code;

use super::reply::Reply;
use super::{RESERVATION_PREFIX, STOCK_PREFIX, Shared};
use crate::session::SessionError;
use crate::workload::op::{KeyIndex, Op};
use crate::workload::outcome::{NOT_TOLD, Outcome, Verdict};

/// Operations in the order in which they are sent.
#[derive(Debug)]
pub(super) struct Many {
    /// Places among the operations, by key; those of one key in their order.
    order: Vec<u32>,
    groups: Vec<Group>,
}

/// Neighbours of the order that differ by their id alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    key: KeyIndex,
    quantity: u32,
    hold_seconds: u32,
    count: usize,
}

impl Many {
    /// Sorts operations by key and finds the groups. Operations of one key stay in their order, so that each is decided
    /// as if it had been sent alone.
    pub(super) fn group(ops: &[Op]) -> Self {
        let mut order: Vec<u32> = (0..).zip(ops).map(|(place, _)| place).collect();
        order.sort_by_key(|&place| ops[place as usize].key);
        let mut groups: Vec<Group> = Vec::new();
        for &place in &order {
            let op = &ops[place as usize];
            let Op { key, quantity, hold_seconds, .. } = *op;
            match groups.last_mut() {
                Some(group)
                    if (group.key, group.quantity, group.hold_seconds)
                        == (key, quantity, hold_seconds) =>
                {
                    group.count += 1;
                }
                _ => groups.push(Group { key, quantity, hold_seconds, count: 1 }),
            }
        }
        Self { order, groups }
    }

    /// The call of the script.
    pub(super) fn command(&self, script: &str, ops: &[Op], shared: &Shared) -> redis::Cmd {
        let stocks = || self.groups.chunk_by(|one, next| one.key == next.key);
        let mut command = redis::cmd("EVALSHA");
        command.arg(script).arg(stocks().count());
        let mut text = Vec::new();
        for groups in stocks() {
            text.clear();
            text.extend_from_slice(STOCK_PREFIX);
            text.extend_from_slice(shared.stocks[groups[0].key as usize].as_bytes());
            command.arg(text.as_slice());
        }
        let mut places = self.order.iter();
        for (place, groups) in (1_u32..).zip(stocks()) {
            for group in groups {
                text.clear();
                for &place in places.by_ref().take(group.count) {
                    let id = shared.names.reservation(ops[place as usize].reservation);
                    text.extend_from_slice(RESERVATION_PREFIX);
                    text.extend_from_slice(id.as_bytes());
                }
                command.arg(place).arg(group.quantity).arg(group.hold_seconds).arg(text.as_slice());
            }
        }
        command
    }

    /// What each operation was answered, in the order in which they were asked for.
    pub(super) fn outcomes(
        &self,
        reply: &Reply<'_>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), SessionError> {
        let Reply::Texts(texts) = reply else { return Err(reply.unexpected()) };
        let Some((codes, lefts)) = texts.split_last() else { return Err(reply.unexpected()) };
        let stocks = self.groups.chunk_by(|one, next| one.key == next.key);
        if (codes.len(), lefts.len()) != (self.order.len(), stocks.clone().count()) {
            return Err(reply.unexpected());
        }
        let begin = outcomes.len();
        outcomes.resize(begin + self.order.len(), Outcome::plain(Verdict::Unknown));
        let mut answers = self.order.iter().zip(*codes);
        for (groups, left) in stocks.zip(lefts) {
            let digits = std::str::from_utf8(left).unwrap_or_default();
            let mut left = digits.parse::<i64>().unwrap_or(NOT_TOLD);
            for group in groups {
                for (&place, code) in answers.by_ref().take(group.count) {
                    let verdict = verdict(*code).ok_or_else(|| reply.unexpected())?;
                    if verdict == Verdict::Done {
                        left -= i64::from(group.quantity);
                    }
                    outcomes[begin + place as usize] =
                        Outcome { verdict, version: 0, available: left };
                }
            }
        }
        Ok(())
    }
}

/// What a letter of the script means.
const fn verdict(code: u8) -> Option<Verdict> {
    Some(match code {
        b'D' => Verdict::Done,
        b'R' => Verdict::Replayed,
        b'I' => Verdict::Refused(Code::InsufficientStock),
        b'X' => Verdict::Refused(Code::IdempotencyKeyReused),
        b'U' => Verdict::Refused(Code::UnknownStock),
        _ => return None,
    })
}
