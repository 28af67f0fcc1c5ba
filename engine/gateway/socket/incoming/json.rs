//! Text frames. A frame is read in one pass; only where that fails is it looked at again.

use saldo_ledger::StockKey;
use saldo_protocol::{ClientMessage, Command, FrameId, IdempotencyKey};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{FrameCommand, Incoming, Misunderstood, command_frame, few_enough, in_domain_types};

/// A frame of commands whose commands are not read yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnreadCommands<'a> {
    #[serde(rename = "type")]
    _frame_type: CommandsType,
    id: FrameId,
    #[serde(borrow)]
    commands: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CommandsType {
    Commands,
}

pub(super) fn read(text: &str, commands_max: usize) -> Result<Incoming, Misunderstood> {
    // Otherwise a list would be taken for an object, its members in order.
    if text.trim_ascii_start().starts_with('[') {
        return Err(Misunderstood::malformed(
            None,
            "a frame must be a JSON object, {...}, and not a list",
        ));
    }
    let error = match serde_json::from_str::<ClientMessage>(text) {
        Ok(ClientMessage::Subscribe(subscribe)) => return Ok(Incoming::Subscribe(subscribe)),
        Ok(ClientMessage::Unsubscribe { id }) => return Ok(Incoming::Unsubscribe(id)),
        Ok(ClientMessage::Ping) => return Ok(Incoming::Ping),
        Ok(ClientMessage::Commands { id, commands }) => {
            let id = few_enough(id, commands.len(), commands_max)?;
            return Ok(Incoming::Commands(command_frame(
                id,
                commands.into_iter().map(frame_command),
            )));
        }
        Err(error) => error.to_string(),
    };
    if let Ok(frame) = serde_json::from_str::<UnreadCommands<'_>>(text) {
        let id = few_enough(frame.id, frame.commands.len(), commands_max)?;
        let commands = frame.commands.iter();
        let commands = commands
            .map(|command| serde_json::from_str(command.get()).ok().and_then(frame_command));
        return Ok(Incoming::Commands(command_frame(id, commands)));
    }
    Err(Misunderstood::malformed(ClientMessage::id_of_unread(text), &error))
}

fn frame_command(command: Command) -> Option<FrameCommand> {
    let key = StockKey::new(command.sku.as_str(), command.location.as_str()).ok()?;
    in_domain_types(command.action, key, command.key.map(IdempotencyKey::into_boxed_str))
}
