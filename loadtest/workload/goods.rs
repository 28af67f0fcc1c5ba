//! What the workloads over many keys have in common: SKUs × locations, and what each opens with.

use std::sync::Arc;

use crate::workload::names::Names;
use crate::workload::settings_error::SettingsError;

/// Keys of a run at most: each takes some 150 bytes of memory here.
pub const KEYS_MAX: u64 = 10_000_000;
/// Units of one message at most, as the protocol has it.
pub const UNITS_MAX: u32 = 2_147_483_647;

/// Which keys there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goods {
    /// SKUs.
    pub skus: u32,
    /// Locations of each.
    pub locations: u32,
    /// Units that each key opens with.
    pub stock: u32,
}

impl Goods {
    /// Holds the figures against their bounds.
    ///
    /// # Errors
    /// [`SettingsError::Range`].
    pub fn check(&self) -> Result<(), SettingsError> {
        within("skus", self.skus, 1, 10_000_000)?;
        within("locations", self.locations, 1, 1_000)?;
        within("stock", self.stock, 0, UNITS_MAX)?;
        let keys = u64::from(self.skus) * u64::from(self.locations);
        if keys > KEYS_MAX {
            return Err(SettingsError::refused(format!(
                "{} SKUs at {} locations are {keys} keys, and at most {KEYS_MAX} are possible: set \
                 skus or locations to less",
                self.skus, self.locations
            )));
        }
        Ok(())
    }

    /// How many keys; after the check.
    #[must_use]
    pub fn keys(&self) -> u32 {
        self.skus.saturating_mul(self.locations)
    }

    /// Their names.
    #[must_use]
    pub fn names(&self, nonce: u64) -> Arc<Names> {
        Arc::new(Names::new(nonce, self.skus, self.locations))
    }

    /// What each opens with.
    #[must_use]
    pub fn opening(&self) -> Vec<u32> {
        vec![self.stock; self.keys() as usize]
    }
}

/// Holds a figure against its bounds.
///
/// # Errors
/// [`SettingsError::Range`].
pub fn within<T>(name: &'static str, value: T, least: T, most: T) -> Result<(), SettingsError>
where
    T: PartialOrd + std::fmt::Display,
{
    // A number that is none is within no bounds.
    if value >= least && value <= most {
        return Ok(());
    }
    Err(SettingsError::Range {
        name,
        value: value.to_string(),
        least: least.to_string(),
        most: most.to_string(),
    })
}

/// Holds shares of one whole against their bounds.
///
/// # Errors
/// [`SettingsError`]: where one is no share, or they are more than the whole.
pub fn shares<const N: usize>(shares: [(&'static str, f64); N]) -> Result<(), SettingsError> {
    for (name, share) in shares {
        within(name, share, 0.0, 1.0)?;
    }
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    if sum > 1.0 + 1e-9 {
        let names = shares.map(|(name, _)| name).join(" and ");
        return Err(SettingsError::refused(format!(
            "{names} are {sum} together, more than the whole: set one to less"
        )));
    }
    Ok(())
}

/// The longest hold that an engine allows by default, in seconds.
const HOLD_SECONDS_MAX: u32 = 604_800;

/// Holds the units and the hold of each reservation against their bounds.
///
/// # Errors
/// [`SettingsError::Range`].
pub fn quantity_and_hold(quantity: u32, hold_seconds: u32) -> Result<(), SettingsError> {
    within("quantity", quantity, 1, UNITS_MAX)?;
    within("hold_seconds", hold_seconds, 0, HOLD_SECONDS_MAX)
}
