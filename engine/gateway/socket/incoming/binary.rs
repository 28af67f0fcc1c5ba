//! Binary frames. Keys are looked at once, in the frame's table, and shared by the commands that name them.

use saldo_ledger::StockKey;
use saldo_protocol::binary::{ClientFrame, CommandRecord};
use saldo_protocol::{FrameId, IdempotencyKey, Subscribe};

use super::{FrameCommand, Incoming, Misunderstood, command_frame, few_enough, in_domain_types};

pub(super) fn read(bytes: &[u8], commands_max: usize) -> Result<Incoming, Misunderstood> {
    let frame = ClientFrame::decode(bytes).map_err(|fault| {
        let id = ClientFrame::id_of_unread(bytes).and_then(|id| FrameId::new(id).ok());
        Misunderstood::malformed(id, &fault.to_string())
    })?;
    let name = |id: &str| {
        FrameId::new(id).map_err(|fault| Misunderstood::malformed(None, &fault.to_string()))
    };
    Ok(match frame {
        ClientFrame::Ping => Incoming::Ping,
        ClientFrame::Unsubscribe { id } => Incoming::Unsubscribe(name(id)?),
        ClientFrame::Subscribe(subscribe) => {
            let id = name(subscribe.id)?;
            Incoming::Subscribe(
                Subscribe::try_from(subscribe)
                    .map_err(|fault| Misunderstood::malformed(Some(id), &fault.to_string()))?,
            )
        }
        ClientFrame::Commands { id, stocks, commands } => {
            let id = few_enough(name(id)?, commands.0.len(), commands_max)?;
            let stocks: Vec<Option<StockKey>> = stocks
                .0
                .iter()
                .map(|stock| StockKey::new(stock.sku, stock.location).ok())
                .collect();
            let commands = commands.0.into_iter();
            Incoming::Commands(command_frame(id, commands.map(|it| frame_command(it, &stocks))))
        }
    })
}

/// None where it names no key of the table, or anything is outside its range.
fn frame_command(command: CommandRecord<'_>, stocks: &[Option<StockKey>]) -> Option<FrameCommand> {
    let key = stocks.get(usize::try_from(command.stock).ok()?)?.clone()?;
    let idempotency_key = match command.key {
        Some(key) => Some(IdempotencyKey::new(key).ok()?.into_boxed_str()),
        None => None,
    };
    in_domain_types(command.action.try_into().ok()?, key, idempotency_key)
}
