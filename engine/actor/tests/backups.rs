//! What a backup makes of operations over several keys that are under way: a start on the restored data ends them as a
//! start on the data itself does.

use std::path::PathBuf;

use super::*;
use crate::store::checkpoint;
use crate::tools;

/// A data directory, and what is restored from its backup.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn settings(&self, name: &str) -> Settings {
        Settings {
            data_dir: self.dir(name),
            segment_bytes: 1 << 20,
            disk_free_bytes_min: 0,
            ..Settings::default()
        }
    }

    fn start(&self, name: &str) -> TestEngine {
        let disk = Disk::in_directory(&self.dir(name));
        TestEngine::start(&Arc::new(self.settings(name)), &disk, beginning())
    }

    /// Backs `data` up while whoever runs there runs on, and restores it as `restored`.
    fn restore(&self) -> tools::BackupReport {
        let to = self.dir("backups");
        let report = tools::backup(&self.settings("data"), &to, None, &mut |_| {}).unwrap();
        tools::restore(&self.settings("restored"), &to, true, &mut |_| {}).unwrap();
        report
    }
}

async fn stocked(bench: &Bench) -> TestEngine {
    let engine = bench.start("data");
    receive(&engine, "a", 5).await;
    receive(&engine, "b", 5).await;
    engine
}

async fn all(engine: &TestEngine) -> [(i64, i64, i64); 2] {
    [figures(engine, "a").await, figures(engine, "b").await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_under_way_is_withdrawn() {
    let bench = Bench::new();
    let engine = stocked(&bench).await;
    step(&engine, "a", plan(1, 2, &[("b", 3), ("c", 1)])).await.unwrap();
    let pend = Command::Pend { id: id(1), home: key("a"), quantity: 3, mode: Mode::AllOrNothing };
    step(&engine, "b", pend).await.unwrap();
    assert_eq!(all(&engine).await, [(5, 2, 0), (5, 3, 0)]);
    bench.restore();
    let restored = bench.start("restored");
    assert_eq!(all(&restored).await, [(5, 0, 0), (5, 0, 0)]);
    let refused = restored.engine.reservation(id(1)).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::UnknownReservation);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_granted_stays() {
    let bench = Bench::new();
    let engine = stocked(&bench).await;
    engine.engine.call(reserve(1, &[("a", 1), ("b", 2)], Mode::AllOrNothing), None).await.unwrap();
    bench.restore();
    let restored = bench.start("restored");
    assert_eq!(all(&restored).await, [(5, 1, 0), (5, 2, 0)]);
    let repeat = reserve(1, &[("a", 1), ("b", 2)], Mode::AllOrNothing);
    assert!(restored.engine.call(repeat, None).await.unwrap().replayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_under_way_is_carried_out_though_its_home_has_closed() {
    let bench = Bench::new();
    let engine = stocked(&bench).await;
    engine.engine.call(reserve(1, &[("a", 1), ("b", 2)], Mode::AllOrNothing), None).await.unwrap();
    checkpoint::make(&engine.shared).await.unwrap();
    engine.shared.operations.begin(id(1), engine.shared.journal.next_sequence());
    let release = Command::Settle { id: id(1), verb: Verb::Release, selection: Selection::All };
    step(&engine, "a", release).await.unwrap();
    receive(&engine, "a", 1).await;
    assert_eq!(all(&engine).await, [(6, 0, 0), (5, 2, 0)]);
    let first = bench.restore();
    let restored = bench.start("restored");
    assert_eq!(all(&restored).await, [(6, 0, 0), (5, 0, 0)]);
    // And from that one again, onto another backup's place: numbers go on, the journal is another.
    receive(&restored, "b", 1).await;
    assert!(restored.shared.journal.durable() > first.sequence);
    let other = format!("{:032x}", restored.shared.journal.journal_id());
    assert_ne!(other, first.journal_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_begins_at_the_newest_baseline() {
    let bench = Bench::new();
    let engine = stocked(&bench).await;
    engine.engine.call(reserve(1, &[("a", 1), ("b", 2)], Mode::AllOrNothing), None).await.unwrap();
    checkpoint::make(&engine.shared).await.unwrap();
    crate::store::baseline::write(&engine.shared.store, &engine.shared.baselines).unwrap();
    engine.engine.call(settle(1, Verb::Commit), Some("once")).await.unwrap();
    bench.restore();
    let restored = bench.start("restored");
    assert_eq!(all(&restored).await, [(5, 0, 1), (5, 0, 2)]);
    assert!(restored.engine.call(settle(1, Verb::Commit), Some("once")).await.unwrap().replayed);
}
