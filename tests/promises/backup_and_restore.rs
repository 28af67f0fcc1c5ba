//! A backup holds all that was acknowledged when it was begun, taken beside a working engine or of a stopped one; what is
//! restored from it is that and nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::{fs, io};

use saldo_protocol::MovementKind;
use saldo_tests::{Engine, Http, Socket, Stopped, line, run_in, scaled, uuid, within};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

const CLIENTS: usize = 8;
const SKUS: [&str; 4] = ["A", "B", "C", "D"];
const LOCATION: &str = "X";
const OPENING: i64 = 1_000_000;

/// A call that was acknowledged.
#[derive(Clone, Debug)]
struct Told {
    key: String,
    path: String,
    body: Value,
    /// The reservation that it made.
    made: Option<Uuid>,
}

/// What clients were told, and every reservation that they asked for.
#[derive(Debug, Default)]
struct Book {
    told: Vec<Told>,
    asked: Vec<Uuid>,
}

type Shared = Arc<Mutex<Book>>;

/// A directory for backups and restored data.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary directory") }
    }

    fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.backups()).expect("backups");
        let mut files: Vec<PathBuf> =
            entries.map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        files
    }

    async fn saldo(&self, arguments: &[&str], path: &Path) -> (Option<i32>, String, String) {
        let path = path.to_str().expect("a path of text");
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--data-dir", path]).collect();
        run_in(self.folder.path(), &arguments).await
    }

    async fn backup(&self, data: &Path) -> Value {
        let (code, said, complaint) = self.saldo(&["backup", "backups", "--json"], data).await;
        assert_eq!((code, complaint.as_str()), (Some(0), ""));
        serde_json::from_str(&said).expect("JSON")
    }

    async fn restore(&self, data: &Path) {
        let (code, said, complaint) = self.saldo(&["restore", "backups"], data).await;
        assert_eq!(code, Some(0), "{said}{complaint}");
        assert!(said.contains("restored") && said.contains("keys"), "{said}");
    }

    async fn refused(&self, arguments: &[&str], data: &Path, why: &str) {
        let (code, said, complaint) = self.saldo(arguments, data).await;
        assert_eq!((code, said.as_str()), (Some(1), ""), "{complaint}");
        assert!(complaint.contains(why), "{complaint}");
    }
}

async fn stocked(settings: &[(&str, &str)]) -> Engine {
    let engine = Engine::with(settings).await;
    for sku in SKUS {
        engine.http().receive(sku, LOCATION, OPENING).await;
    }
    engine
}

/// Deletes the data directory and restores it.
async fn lose_and_restore(stopped: &Stopped, bench: &Bench) {
    fs::remove_dir_all(stopped.data_dir()).expect("a data directory to lose");
    bench.restore(&stopped.data_dir()).await;
}

/// Baskets over two keys are made, committed, in part fulfilled, released, until the engine is gone.
async fn work(http: Http, first: usize, book: Shared, progress: mpsc::UnboundedSender<()>) {
    let lock = || book.lock().expect("no client panics with it");
    for number in first.. {
        let (one, two) = (SKUS[number % 4], SKUS[(number + 1 + number / 4 % 3) % 4]);
        let id = uuid();
        lock().asked.push(id);
        let body = json!({"id": id, "lines": [line(one, LOCATION, 1), line(two, LOCATION, 2)]});
        let step = |verb: &str, body: Value| (format!("/v1/reservations/{id}/{verb}"), body, None);
        let calls = [
            ("/v1/reservations".to_owned(), body, Some(id)),
            step(if number % 3 == 0 { "release" } else { "commit" }, json!({})),
            step("fulfil", json!({"lines": [line(one, LOCATION, 1)]})),
        ];
        for (path, body, made) in calls.into_iter().take(1 + number % 4) {
            let key = uuid().to_string();
            match http.try_post_once(&key, &path, &body).await {
                Ok(answer) if matches!(answer.status, 200 | 201) => {
                    lock().told.push(Told { key, path, body, made });
                }
                // What was released is not fulfilled.
                Ok(answer) if answer.status == 409 => {}
                Ok(answer) => panic!("{path} was answered {}", answer.text()),
                Err(_) => return,
            }
            // Nobody counts any more once enough were acknowledged.
            let _ = progress.send(());
        }
    }
}

/// Every call that was acknowledged is known; none of them has a second effect.
async fn repeats_are_known(http: &Http, told: &[Told]) {
    for call in told {
        let answer = http.post_once(&call.key, &call.path, call.body.clone()).await;
        assert!(answer.status == 200 && answer.is_replayed(), "{call:?}: {}", answer.text());
        if let Some(id) = call.made {
            let answer = http.post("/v1/reservations", call.body.clone()).await;
            assert!(answer.is_replayed(), "{id}: {}", answer.text());
        }
    }
}

/// Balances are the sums of the reservations, each of which is there whole or not at all; histories lead to them.
async fn sums_agree(http: &Http, asked: &[Uuid]) {
    let mut sums: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    for id in asked {
        let answer = http.get(&format!("/v1/reservations/{id}")).await;
        if answer.status == 404 {
            continue;
        }
        let reservation: saldo_protocol::Reservation = answer.ok();
        assert_eq!(reservation.lines.len(), 2, "{reservation:?}");
        for told in &reservation.lines {
            assert_eq!(told.quantity, told.requested, "{reservation:?}");
            let sum = sums.entry(told.sku.to_string()).or_default();
            for (sum, units) in sum.iter_mut().zip([told.held, told.committed, told.fulfilled]) {
                *sum += i64::try_from(units).expect("a count of units");
            }
        }
    }
    for sku in SKUS {
        let level = http.level(sku, LOCATION).await;
        let [held, committed, fulfilled] = sums.get(sku).copied().unwrap_or_default();
        let told = [level.reserved, level.committed, OPENING - level.on_hand];
        assert_eq!(told, [held, committed, fulfilled], "{sku}");
        let movements = http.movements(sku, LOCATION).await;
        assert_eq!(movements.first().map(|it| it.kind), Some(MovementKind::Opening), "{sku}");
        assert!(movements.windows(2).all(|pair| pair[0].after == pair[1].before), "{sku}");
        let last = movements.last().expect("a movement");
        assert_eq!((last.version, last.after.on_hand), (level.version, level.on_hand), "{sku}");
    }
}

/// The feed's cursor of now.
async fn cursor(engine: &Engine) -> Value {
    let mut socket = Socket::connect(engine.url()).await;
    socket.send(json!({"type": "subscribe", "id": "a", "mode": "events"})).await;
    socket.next_of("subscribed").await["cursor"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_under_load_it_holds_all_that_was_acknowledged() {
    let mut engine = stocked(&[("checkpoint_seconds", "1")]).await;
    let bench = Bench::new();
    for _ in 0..scaled(2, 10) {
        let book = Shared::default();
        let (progress, mut heard) = mpsc::unbounded_channel();
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            clients.spawn(work(engine.http(), client, Arc::clone(&book), progress.clone()));
        }
        within("calls before the backup", async {
            for _ in 0..300 {
                heard.recv().await.expect("a client at work");
            }
        })
        .await;
        let before = cursor(&engine).await;
        let told = book.lock().expect("no panic").told.clone();
        let report = bench.backup(&engine.data_dir()).await;
        assert_eq!(report["keys"], 4);
        let stopped = engine.kill().await;
        within("the clients' end", clients.join_all()).await;
        lose_and_restore(&stopped, &bench).await;
        engine = stopped.start().await;
        let http = engine.http();
        repeats_are_known(&http, &told).await;
        let asked = std::mem::take(&mut book.lock().expect("no panic").asked);
        sums_agree(&http, &asked).await;
        let mut socket = Socket::connect(engine.url()).await;
        let subscribe = json!({"type": "subscribe", "id": "a", "mode": "events", "cursor": before});
        socket.send(subscribe).await;
        assert_eq!(socket.next_of("gap").await["id"], "a");
        // A new shop for the next round: sums are those of one book.
        let stopped = engine.stop().await;
        assert!(stopped.verify().await.contains("drift     0"));
        fs::remove_dir_all(stopped.data_dir()).expect("a data directory");
        fs::remove_dir_all(bench.backups()).expect("backups");
        engine = stopped.start().await;
        for sku in SKUS {
            engine.http().receive(sku, LOCATION, OPENING).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_stopped_engine_it_is_everything() {
    let bench = Bench::new();
    let engine = Engine::start().await;
    let stopped = engine.stop().await;
    // Nothing was ever sold: a backup all the same.
    assert_eq!(bench.backup(&stopped.data_dir()).await["keys"], 0);
    lose_and_restore(&stopped, &bench).await;
    let engine = stopped.start().await;
    for sku in SKUS {
        engine.http().receive(sku, LOCATION, 10).await;
    }
    let held = engine.http().granted(&[("A", LOCATION, 2), ("B", LOCATION, 3)]).await;
    let before = engine.http().level("A", LOCATION).await;
    let stopped = engine.stop().await;
    let report = bench.backup(&stopped.data_dir()).await;
    assert_eq!((&report["keys"], &report["reservations"]), (&json!(4), &json!(1)));
    assert_eq!(bench.files().len(), 2, "each is a file of its own");
    let (code, said, _) = bench.saldo(&["backup", "backups", "--check"], Path::new("none")).await;
    assert!(code == Some(0) && said.contains("4 keys, 1 open reservations"), "{said}");
    lose_and_restore(&stopped, &bench).await;
    assert!(stopped.verify().await.contains("drift     0"));
    let engine = stopped.start().await;
    assert_eq!(engine.http().level("A", LOCATION).await, before);
    assert_eq!(engine.http().reservation(held.id).await.lines, held.lines);
    let stopped = engine.stop().await;
    let keep = ["backup", "backups", "--keep", "2"];
    assert_eq!(bench.saldo(&keep, &stopped.data_dir()).await.0, Some(0));
    assert_eq!(bench.files().len(), 2, "the oldest is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_lose_data_is_refused() {
    let bench = Bench::new();
    let engine = stocked(&[]).await;
    let data = engine.data_dir();
    bench.refused(&["restore", "backups"], &data, "holds no backup").await;
    bench.backup(&data).await;
    bench.refused(&["restore", "backups", "--replace"], &data, "in use by another engine").await;
    let stopped = engine.stop().await;
    bench.refused(&["restore", "backups"], &data, "holds data already (journal, store)").await;
    let whole = fs::read(&bench.files()[0]).expect("a backup");
    let harmed = |bytes: &[u8]| -> io::Result<()> { fs::write(&bench.files()[0], bytes) };
    let new = bench.folder.path().join("new");
    // Zeros may be what fills a page up, which is nobody's.
    let places: Vec<usize> = (0..whole.len()).filter(|place| whole[*place] != 0).collect();
    for place in places.iter().copied().step_by(places.len() / 20) {
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        harmed(&flipped).expect("a file to harm");
        bench.refused(&["restore", "backups"], &new, "backup").await;
    }
    for length in [0, 4_096, whole.len() / 2, whole.len() - 4_096] {
        harmed(&whole[..length]).expect("a file to harm");
        bench.refused(&["restore", "backups", "--replace"], &data, "backup").await;
        bench.refused(&["backup", "backups", "--check"], &data, "backup").await;
    }
    harmed(&whole).expect("a file to mend");
    let (code, said, _) = bench.saldo(&["restore", "backups", "--replace"], &data).await;
    assert!(code == Some(0) && said.contains("before-restore-"), "{said}");
    let aside = fs::read_dir(&data).expect("a data directory").filter_map(Result::ok);
    let aside = aside.map(|entry| entry.path()).find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("before-restore-"))
    });
    let aside = aside.expect("what was there before");
    assert!(aside.join("journal").is_dir() && aside.join("store").is_dir());
    let engine = stopped.start().await;
    assert_eq!(engine.http().level("A", LOCATION).await.on_hand, OPENING);
    // A restore that was cut short at its worst moment: neither old nor new.
    let stopped = engine.stop().await;
    fs::rename(data.join("journal"), data.join("moved")).expect("a journal");
    fs::create_dir(data.join("restore.ready")).expect("a directory");
    for tool in [&["verify"][..], &["backup", "backups"], &["serve", "--listen", "127.0.0.1:0"]] {
        bench.refused(tool, &data, "run `saldo restore` again").await;
    }
    assert_eq!(bench.saldo(&["restore", "backups", "--replace"], &data).await.0, Some(0));
    assert_eq!(stopped.start().await.http().level("B", LOCATION).await.on_hand, OPENING);
}
