//! What is known of one key, for people to read and, as JSON, for programs.

use std::fmt;

use saldo_protocol::{Level, Movement, Reservation};
use serde::Serialize;

/// One key: its level, open reservations and last movements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The balances.
    pub level: Level,
    /// Open reservations with a line on this key.
    pub reservations: Vec<Reservation>,
    /// Whether there are more of them than these.
    pub has_more_reservations: bool,
    /// The last movements, newest first.
    pub movements: Vec<Movement>,
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = &self.level;
        writeln!(
            f,
            "{} at {}, version {}, as of {}",
            level.sku, level.location, level.version, level.as_of
        )?;
        let balances = [
            ("on_hand", level.on_hand),
            ("reserved", level.reserved),
            ("committed", level.committed),
            ("damaged", level.damaged),
            ("quality_control", level.quality_control),
            ("safety_stock", level.safety_stock),
            ("incoming", level.incoming),
            ("available", level.available),
            ("oversell_limit", level.oversell_limit),
        ];
        for (name, units) in balances {
            writeln!(f, "  {name:<15} {units:>12}")?;
        }
        self.write_reservations(f)?;
        self.write_movements(f)
    }
}

impl Inspection {
    fn write_reservations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, more) = (
            self.reservations.len(),
            if self.has_more_reservations { ", the first of more" } else { "" },
        );
        writeln!(f, "\nopen reservations: {count}{more}")?;
        for reservation in &self.reservations {
            let (sku, location) = (&self.level.sku, &self.level.location);
            let lines = reservation
                .lines
                .iter()
                .filter(|line| line.sku == *sku && line.location == *location);
            for line in lines {
                write!(
                    f,
                    "  {}  held {}, committed {}",
                    reservation.id, line.held, line.committed
                )?;
                match reservation.expires_at {
                    Some(expires_at) => writeln!(f, ", expires {expires_at}")?,
                    None => writeln!(f)?,
                }
            }
        }
        Ok(())
    }

    fn write_movements(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\nlast movements: {}", self.movements.len())?;
        for movement in &self.movements {
            // The names of the kinds are those of the protocol.
            let kind = serde_json::to_value(movement.kind).unwrap_or_default();
            write!(
                f,
                "\n  {}  {:<10} {:>8}  version {}, on_hand {} -> {}, available {} -> {}",
                movement.at,
                kind.as_str().unwrap_or_default(),
                movement.quantity,
                movement.version,
                movement.before.on_hand,
                movement.after.on_hand,
                movement.before.available,
                movement.after.available,
            )?;
            if let Some(id) = movement.reservation_id {
                write!(f, ", reservation {id}")?;
            }
        }
        Ok(())
    }
}
