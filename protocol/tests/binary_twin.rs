//! Whatever a message says, its two forms say it both, and a frame put together from parts is the whole frame.

mod frames;

use proptest::prelude::*;
use saldo_protocol::binary::{self, ClientFrame, LevelRecord, MovementRecord, ServerFrame};
use saldo_protocol::*;

/// The row of encoded parts that a frame is put together from.
fn encoded_levels(levels: &[LevelView]) -> Vec<Vec<u8>> {
    levels.iter().map(|level| LevelRecord::from(level).encode()).collect()
}

proptest! {
    #[test]
    fn what_a_client_says_is_the_same_in_both_forms(message in frames::client_message()) {
        let json = serde_json::to_vec(&message).expect("JSON");
        prop_assert_eq!(&parse_body::<ClientMessage>(&json).expect("read"), &message);
        let bytes = ClientFrame::from(&message).encode();
        let frame = ClientFrame::decode(&bytes).expect("a frame");
        prop_assert_eq!(ClientMessage::try_from(frame).expect("a message"), message);
    }

    #[test]
    fn what_the_engine_says_is_the_same_in_both_forms(message in frames::engine_message()) {
        let json = serde_json::to_vec(&message).expect("JSON");
        prop_assert_eq!(&serde_json::from_slice::<ServerMessage>(&json).expect("read"), &message);
        let bytes = ServerFrame::from(&message).encode();
        let frame = ServerFrame::decode(&bytes).expect("a frame");
        prop_assert_eq!(ServerMessage::try_from(frame).expect("a message"), message);
    }

    #[test]
    fn frames_put_together_from_parts_are_whole_frames(
        levels in proptest::collection::vec(frames::level(), 0..300),
        movements in proptest::collection::vec(frames::movement(), 0..20),
        done in any::<bool>(),
        full in any::<bool>(),
    ) {
        let (id, cursor) = ("Å-1".to_owned(), "1-2".to_owned());
        let parts = encoded_levels(&levels);
        let delta = ServerMessage::Delta { id: id.clone(), levels: levels.clone(), cursor: cursor.clone() };
        prop_assert_eq!(binary::delta(&id, &parts, &cursor), ServerFrame::from(&delta).encode());
        let snapshot =
            ServerMessage::Snapshot { id: id.clone(), levels, done, cursor: cursor.clone(), full };
        prop_assert_eq!(
            binary::snapshot(&id, &parts, done, &cursor, full),
            ServerFrame::from(&snapshot).encode()
        );
        let parts: Vec<_> = movements.iter().map(|event| MovementRecord::from(event).encode()).collect();
        let events = ServerMessage::Events { id: id.clone(), events: movements };
        prop_assert_eq!(binary::events(&id, &parts), ServerFrame::from(&events).encode());
    }

    #[test]
    fn a_frame_names_each_key_once(message in frames::client_message()) {
        let frame = ClientFrame::from(&message);
        if let ClientFrame::Commands { stocks, commands, .. } = frame {
            let mut names: Vec<_> = stocks.0.iter().map(|name| (name.sku, name.location)).collect();
            names.sort_unstable();
            names.dedup();
            prop_assert_eq!(names.len(), stocks.0.len());
            prop_assert!(commands.0.len() >= stocks.0.len());
        }
    }
}
