//! Tables of steps: a case in words that people in the trade can read, run against a whole engine and the model at once.
//!
//! One step a line; `#` begins a comment. A key is `sku@location`; where a step names none it is `shirt@berlin`, and
//! `@paris` is `shirt@paris`. Reservations have names. Times are `90s`, `15m`, `1h`, `2d`, `7us`.
//!
//! ```text
//! receive 10 · receive 10 @paris from incoming · adjust damaged +2 · count 7 at version 3 · policy safety 2 oversell 1
//! sell 2 · sell 2 handed over · reserve A 4 for 60s · reserve B shirt@berlin 2 + shoe@paris 1 partial
//! add A 1 · extend A 60s · commit A · commit A 2 · fulfil A · release A · cancel A 1 · return A 1 to paris damaged
//! receive 10 under K1     any call: under an idempotency key        again     the same call once more
//! 100 carts reserve 1     so many reservations at once               together  what is indented below, all at once
//! tick 15m · tick to deadline of A · tick to before deadline of A · clock +1h · clock -1h · sweep
//! passivate · checkpoint · tidy up · crash · crash for 1h · power cut · lose store
//! crash during commit A   at every step of it in turn, killed and without power; so with a call, a checkpoint, tidying up
//! expect available 10 @paris · expect A held · expect A committed 2 · expect refused insufficient_stock · expect accepted
//! expect replayed · expect accepted 1 (of calls made together) · expect no stock @rome · expect no reservation A
//! ```

mod lines;
mod parse;
mod table;
mod words;

pub use table::{run_file, tables};
