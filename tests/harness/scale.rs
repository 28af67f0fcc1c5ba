//! How large a test is: short by default, so that the whole run takes minutes.

/// The variable that asks for the long form.
const VARIABLE: &str = "SALDO_TEST_SCALE";

/// `short`, or `long` where `SALDO_TEST_SCALE=long` is set.
///
/// # Panics
/// Where the variable says anything but `short` or `long`.
#[must_use]
pub fn scaled(short: usize, long: usize) -> usize {
    match std::env::var(VARIABLE).as_deref() {
        Err(_) | Ok("short") => short,
        Ok("long") => long,
        Ok(other) => panic!("{VARIABLE} is {other:?}: it may be short or long"),
    }
}
