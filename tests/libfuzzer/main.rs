//! The loop of libFuzzer around one of Saldo's fuzz targets, named by `SALDO_FUZZ_TARGET`.
#![no_main]

use std::sync::LazyLock;

use saldo_tests::fuzz::{self, Target};

/// The target that this process attacks.
static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("SALDO_FUZZ_TARGET").expect("SALDO_FUZZ_TARGET names a target");
    fuzz::target(&name).unwrap_or_else(|| panic!("there is no target {name}"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
