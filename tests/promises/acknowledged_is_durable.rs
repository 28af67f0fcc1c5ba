//! Acknowledged is durable: killed in the middle of anything, the engine comes back with all that it had told anyone,
//! and what it had not told is settled by a retry with the same key.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use saldo_protocol::{Level, ReservationStatus};
use saldo_tests::{Engine, Http, Told, line, scaled, uuid, within};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

const CLIENTS: usize = 8;
const SKUS: [&str; 5] = ["A", "B", "C", "D", "E"];
const LOCATION: &str = "X";

/// Changes of on_hand, reserved and committed, by SKU.
type Sums = BTreeMap<&'static str, [i64; 3]>;

/// A change as it is sent, and what it does once acknowledged.
#[derive(Clone, Debug)]
struct Change {
    key: String,
    path: String,
    body: Value,
    sums: Sums,
    /// The reservation, and the state that all its units are in afterwards.
    state: Option<(Uuid, ReservationStatus)>,
}

/// What one client was told, and what it was not.
#[derive(Debug, Default)]
struct Book {
    sums: Sums,
    states: BTreeMap<Uuid, ReservationStatus>,
    unknown: Vec<Change>,
}

impl Book {
    fn acknowledged(&mut self, change: &Change) {
        for (sku, moved) in &change.sums {
            let sum = self.sums.entry(sku).or_default();
            for (total, part) in sum.iter_mut().zip(moved) {
                *total += part;
            }
        }
        self.states.extend(change.state);
    }

    /// Sends a change. False where the engine is gone and nobody knows.
    async fn send(&mut self, http: &Http, change: Change) -> bool {
        match http.try_post_once(&change.key, &change.path, &change.body).await {
            Ok(told) if is_done(&told) => {
                self.acknowledged(&change);
                true
            }
            Ok(told) => panic!("{change:?} was answered {}", told.text()),
            Err(_) => {
                self.unknown.push(change);
                false
            }
        }
    }
}

fn is_done(told: &Told) -> bool {
    matches!(told.status, 200 | 201)
}

/// The life of one order over two SKUs, and a delivery and a sale: a different mix for each number.
fn changes(number: usize) -> Vec<Change> {
    let (one, two) = (SKUS[number % 5], SKUS[(number * 3 + 1) % 5]);
    let id = uuid();
    let lines = json!([line(one, LOCATION, 1), line(two, LOCATION, 2)]);
    let moved = |units: fn(i64) -> [i64; 3]| {
        let mut sums = Sums::new();
        for (sku, quantity) in [(one, 1), (two, 2)] {
            for (sum, part) in sums.entry(sku).or_default().iter_mut().zip(units(quantity)) {
                *sum += part;
            }
        }
        sums
    };
    let change =
        |path: String, body: Value, sums: Sums, status: Option<ReservationStatus>| Change {
            key: uuid().to_string(),
            path,
            body,
            sums,
            state: status.map(|status| (id, status)),
        };
    let step = |verb: &str, body: Value, sums: Sums, status: ReservationStatus| {
        change(format!("/v1/reservations/{id}/{verb}"), body, sums, Some(status))
    };
    let on = |sku: &str, call: &str| format!("/v1/stock/{sku}/{LOCATION}/{call}");
    let reserve = json!({"id": id, "lines": lines});
    let mut all = vec![
        change(on(one, "receive"), json!({"quantity": 4}), Sums::from([(one, [4, 0, 0])]), None),
        change(
            "/v1/reservations".to_owned(),
            reserve,
            moved(|it| [0, it, 0]),
            Some(ReservationStatus::Held),
        ),
    ];
    match number % 4 {
        0 => all.push(step(
            "release",
            json!({}),
            moved(|it| [0, -it, 0]),
            ReservationStatus::Released,
        )),
        1 => all.push(change(
            on(two, "sell"),
            json!({"quantity": 1}),
            Sums::from([(two, [-1, 0, 0])]),
            None,
        )),
        _ => {
            all.push(step(
                "commit",
                json!({}),
                moved(|it| [0, -it, it]),
                ReservationStatus::Committed,
            ));
            all.push(step(
                "fulfil",
                json!({}),
                moved(|it| [-it, 0, -it]),
                ReservationStatus::Fulfilled,
            ));
        }
    }
    if number % 4 == 3 {
        let back = json!({"lines": lines});
        all.push(step("return", back, moved(|it| [it, 0, 0]), ReservationStatus::Fulfilled));
    }
    all
}

/// Works until the engine is gone; tells of each acknowledgement.
async fn work(http: Http, first: usize, told: mpsc::UnboundedSender<()>) -> Book {
    let mut book = Book::default();
    for number in first.. {
        for change in changes(number) {
            if !book.send(&http, change).await {
                return book;
            }
            // Nobody counts any more once enough were acknowledged.
            let _ = told.send(());
        }
    }
    book
}

/// Has clients work, kills the engine after so many acknowledgements, starts it again and settles what is unknown.
async fn round(engine: Engine, acknowledgements: usize, book: &mut Book) -> Engine {
    let (told, mut heard) = mpsc::unbounded_channel();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(work(engine.http(), client, told.clone()));
    }
    within("enough acknowledgements", async {
        for _ in 0..acknowledgements {
            heard.recv().await.expect("a client at work");
        }
    })
    .await;
    let engine = engine.kill().await.start().await;
    let http = engine.http();
    for mut theirs in within("the clients' end", clients.join_all()).await {
        for change in std::mem::take(&mut theirs.unknown) {
            assert!(theirs.send(&http, change).await, "the new engine is gone, too");
        }
        let change = |sums, state| Change {
            key: String::new(),
            path: String::new(),
            body: Value::Null,
            sums,
            state,
        };
        book.acknowledged(&change(theirs.sums, None));
        book.states.extend(theirs.states);
    }
    engine
}

/// Every acknowledged answer is found again.
async fn audit(http: &Http, opening: i64, book: &Book) {
    for (id, status) in &book.states {
        assert_eq!(http.reservation(*id).await.status, *status, "{id}");
    }
    for sku in SKUS {
        let level = http.level(sku, LOCATION).await;
        let [on_hand, reserved, committed] = book.sums.get(sku).copied().unwrap_or_default();
        let told = [level.on_hand - opening, level.reserved, level.committed];
        assert_eq!(told, [on_hand, reserved, committed], "{sku}");
        let movements = http.movements(sku, LOCATION).await;
        assert_eq!(u64::try_from(movements.len()).expect("a count"), level.version, "{sku}");
    }
}

async fn stocked(settings: &[(&str, &str)], opening: i64) -> Engine {
    let engine = Engine::with(settings).await;
    for sku in SKUS {
        engine.http().receive(sku, LOCATION, opening).await;
    }
    engine
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_again_and_again() {
    let opening = 1_000_000;
    // Checkpoints as often as can be, so that the kill falls into some.
    let mut engine = stocked(&[("checkpoint_seconds", "1")], opening).await;
    let mut book = Book::default();
    for number in 0..scaled(4, 25) {
        engine = round(engine, 150 + 130 * (number % 5), &mut book).await;
        audit(&engine.http(), opening, &book).await;
    }
    let killed = engine.kill().await;
    assert!(killed.verify().await.contains("drift     0"));
    let engine = killed.start().await;
    audit(&engine.http(), opening, &book).await;
    let stopped = engine.stop().await;
    assert!(stopped.verify().await.contains("drift     0"));
    // Verifying changes nothing.
    audit(&stopped.start().await.http(), opening, &book).await;
}

async fn levels(http: &Http) -> Vec<Level> {
    let mut all = Vec::new();
    for sku in SKUS {
        all.push(http.level(sku, LOCATION).await);
    }
    all
}

/// Does something to the store's files between two engines; the promises must not feel it.
async fn without_the_store(harm: fn(&Path) -> io::Result<()>) {
    let opening = 1_000;
    let engine = stocked(&[("checkpoint_seconds", "1")], opening).await;
    let mut book = Book::default();
    let engine = round(engine, 200, &mut book).await;
    let engine = engine.stop().await.start().await;
    let told = levels(&engine.http()).await;
    let stopped = engine.stop().await;
    harm(&stopped.data_dir().join("store")).expect("files to harm");
    let engine = stopped.start().await;
    assert_eq!(levels(&engine.http()).await, told);
    audit(&engine.http(), opening, &book).await;
    let engine = round(engine, 100, &mut book).await;
    audit(&engine.http(), opening, &book).await;
    assert!(engine.stop().await.verify().await.contains("drift     0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_gone_costs_time_never_a_promise() {
    without_the_store(|store| fs::remove_dir_all(store)).await;
}

/// The store's file that names its form; all others are the database's own and its redo file.
const FORMAT_FILE: &str = "store.format";

#[tokio::test(flavor = "multi_thread")]
async fn a_store_cut_in_half_costs_time_never_a_promise() {
    without_the_store(|store| each_file(store, |name| name != FORMAT_FILE, cut_in_half)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_empty_files_costs_time_never_a_promise() {
    without_the_store(|store| each_file(store, |name| name != FORMAT_FILE, cut_to_nothing)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_noise_costs_time_never_a_promise() {
    without_the_store(|store| each_file(store, |name| name != FORMAT_FILE, write_noise)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_form_is_unreadable_costs_time_never_a_promise() {
    without_the_store(|store| each_file(store, |name| name == FORMAT_FILE, cut_in_half)).await;
}

fn cut_in_half(file: fs::File) -> io::Result<()> {
    let bytes = file.metadata()?.len();
    file.set_len(bytes / 2)
}

fn cut_to_nothing(file: fs::File) -> io::Result<()> {
    file.set_len(0)
}

fn write_noise(mut file: fs::File) -> io::Result<()> {
    let bytes = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    io::Write::write_all(&mut file, &vec![0xa5; bytes.min(1 << 20)])
}

/// Opens the files at or below `path` whose name fits, and fails where there is none.
fn each_file(
    path: &Path,
    fits: fn(&str) -> bool,
    harm: fn(fs::File) -> io::Result<()>,
) -> io::Result<()> {
    let mut found = 0;
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if fits(&entry.file_name().to_string_lossy()) {
                harm(fs::OpenOptions::new().write(true).open(entry.path())?)?;
                found += 1;
            }
        }
    }
    if found == 0 { Err(io::Error::other("the store has no such file")) } else { Ok(()) }
}
