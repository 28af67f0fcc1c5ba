//! What comes of a damage, and whether that is what was promised.

use saldo::journal::Recovery;
use saldo::simulation::{Simulated, live};

use crate::disk::broken::{Broken, Held};
use crate::disk::check::state;
use crate::disk::machine::Machine;
use crate::disk::rows::rows_of;
use crate::disk::run::{bounded, settings};

use super::bases::Base;
use super::hits::{Place, Which};

/// What came of a damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Refused,
    Torn,
    Unread,
    Harmless,
    LastBatch,
    CutShort,
    CutAtEnd,
}

/// Words of a refusal that tell how to go on.
const WAYS_ON: [&str; 5] = ["put ", "remove ", "move ", "estore ", "start the version"];

/// Starts on a damaged machine.
///
/// # Errors
/// [`Broken`] where something acknowledged is lost in silence, or something is believed that never was.
pub fn judge(machine: &Machine, base: &Base<'_>, place: &Place) -> Held<Told> {
    live(start(machine, base, place))
}

async fn start(machine: &Machine, base: &Base<'_>, place: &Place) -> Held<Told> {
    let data = machine.data_dir();
    let options = data.journal_options(&settings());
    let options = options.map_err(|error| Broken::new("P7", error.to_string()))?;
    let scanned = Recovery::scan(data.journal.clone(), &options);
    let torn = scanned.as_ref().ok().and_then(|found| found.torn_tail().cloned());
    let sim = match Simulated::recover(&settings(), data, base.wall) {
        Ok(sim) => sim,
        Err(error) => return refused(&error.to_string(), place),
    };
    bounded("the start", sim.begin()).await?;
    bounded("a round", sim.round()).await?;
    if sim.is_failed() {
        return Err(Broken::new("P2", "the journal failed on a disk that works"));
    }
    let segments = sim.shared().journal.segments();
    let last = segments.last().map_or(0, |segment| segment.first_sequence - 1);
    let is_read = check_events(&sim, base, last)?;
    if last < base.known_durable {
        let in_last_batch = base.last_batch.is_some_and(|first| last + 1 >= first);
        return match torn {
            Some(_) if in_last_batch => Ok(Told::LastBatch),
            Some(torn) if torn.file_cut_short => Ok(Told::CutShort),
            None if place.at_end => Ok(Told::CutAtEnd),
            _ => {
                let durable = base.known_durable;
                let seen = format!("the journal ends with {last} of {durable}, told {torn:?}");
                Err(Broken::new("P2", seen))
            }
        };
    }
    let found = state(&sim, base.script).await?;
    if base.is_whole && found != base.state {
        let seen = format!("{found:?} was recovered, and without the damage {:?}", base.state);
        return Err(Broken::new("P5", seen));
    }
    Ok(match (torn, is_read) {
        (Some(_), _) => Told::Torn,
        (None, false) => Told::Unread,
        (None, true) => Told::Harmless,
    })
}

fn refused(message: &str, place: &Place) -> Held<Told> {
    // Where the store alone shows that something is missing, there is an event and no file to name.
    let names_place = message.contains(".segment") || message.contains("event ");
    let names_place = place.which != Which::Journal || names_place;
    if names_place && WAYS_ON.iter().any(|way| message.contains(way)) {
        return Ok(Told::Refused);
    }
    Err(Broken::new("P7", format!("refused without where or how to go on: {message}")))
}

/// What can be read is what was written; false where something cannot, and its place is told.
fn check_events(sim: &Simulated, base: &Base<'_>, last: u64) -> Held<bool> {
    let reader = sim.shared().journal.reader();
    for record in reader.records_from(reader.earliest()) {
        let record = match record {
            Ok(record) => record,
            Err(error) if error.to_string().contains(".segment") => return Ok(false),
            Err(error) => {
                return Err(Broken::new("P7", format!("told without its place: {error}")));
            }
        };
        for row in rows_of(&record.payload, record.first_sequence)? {
            let sequence = row.sequence;
            let settled = base.truth.settled.get(&sequence);
            let is_own =
                settled == Some(&row) || (sequence > base.known_durable && base.truth.knows(&row));
            if sequence <= last && !is_own {
                return Err(Broken::new(
                    "P2",
                    format!("{row:?} is believed, written was {settled:?}"),
                ));
            }
        }
    }
    Ok(true)
}
