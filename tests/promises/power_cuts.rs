//! The power is cut under the engine's file system, again and again: what was acknowledged is there afterwards. Needs
//! root; says so where it cannot be tried. The long form is `saldo-tests power`.

use saldo_tests::real::{Death, FileSystem, Lives, can_cut_power};
use saldo_tests::scaled;

async fn cut(file_system: FileSystem, short: usize) {
    if !can_cut_power(&format!("power cuts on {file_system}")) {
        return;
    }
    let deaths = u32::try_from(scaled(short, 50)).expect("a count");
    let lives = Lives { deaths, seed: 1, death: Death::Cut(file_system), life_ms_max: 500 };
    let survived = lives.run(|_, _| ()).await;
    let survived = survived.unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(survived.cuts >= deaths, "{survived}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_told_survives_power_cuts_on_ext4() {
    cut(FileSystem::Ext4, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_told_survives_power_cuts_on_xfs() {
    cut(FileSystem::Xfs, 2).await;
}
