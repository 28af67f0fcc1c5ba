//! Attacks on the real binary: kills, power cuts, failing disks, exhausted limits, moved clocks, floods.
//!
//! - [`Lives`]: one data directory through many violent deaths, with live clients and a follower of all events, whose
//!   knowledge is held against the engine after each (`audit`, `journal`).
//! - [`Image`]: a file system on a loop device whose power can be cut.
//! - [`Fault`]: the disk, the memory, the files, the clock fail under a running engine.
//! - [`Flood`]: loads that mean harm, while a well-behaved client goes on.
//! - [`Steady`]: a long load in which nothing may grow.

mod able;
mod audit;
mod call;
mod deaths;
mod faults;
mod floods;
mod harm;
mod image;
mod journal;
mod kept;
mod lives;
mod process;
mod standing;
mod steady;
mod survived;
mod tell;
mod worker;

pub use able::{can_cut_power, has_program};
pub use faults::{FAULTS, Failure, Fault, Shown};
pub use floods::{FLOODS, Flood, Withstood};
pub use image::{FileSystem, Image};
pub use lives::{Death, Lives};
pub use steady::{Flat, Interval, Steady};
pub use survived::Survived;
