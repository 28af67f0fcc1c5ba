//! What the table and the lines show.

use std::time::Duration;

use saldo_protocol::client::FeedError;
use saldo_protocol::{
    Balances, BandedLevel, BooleanLevel, Level, LevelView, Movement, MovementKind, StockBand,
    Timestamp, View,
};

use super::{
    board::ago,
    lines::Lines,
    news::News,
    screen::Picture,
    table::{Align, cut, lay_out, printable},
};

const SECOND_US: u64 = 1_000_000;

fn exact(sku: &str, available: i64, version: u64, at_s: u64) -> LevelView {
    LevelView::Exact(Level {
        sku: sku.to_owned(),
        location: "OSLO-1".to_owned(),
        on_hand: available,
        reserved: 0,
        committed: 0,
        damaged: 0,
        quality_control: 0,
        safety_stock: 0,
        incoming: 0,
        available,
        oversell_limit: 0,
        version,
        as_of: Timestamp::from_micros_clamped(at_s * SECOND_US),
    })
}

fn event(version: u64) -> Movement {
    let balances = |available| Balances { on_hand: 10, available, ..Balances::default() };
    Movement {
        cursor: version.to_string(),
        sku: "TEE".to_owned(),
        location: "OSLO-1".to_owned(),
        version,
        kind: MovementKind::Reserved,
        quantity: 2,
        before: balances(10),
        after: balances(8),
        reservation_id: None,
        reason: Some("cart".to_owned()),
        reference: None,
        at: Timestamp::from_micros_clamped(SECOND_US),
    }
}

fn picture(news: Vec<News>) -> Picture {
    let mut picture = Picture::new("http://engine", false);
    news.into_iter().for_each(|news| picture.take(news, 0));
    picture
}

fn texts(picture: &Picture, size: (u16, u16), now_s: u64) -> Vec<String> {
    let lines = picture.lines(size, now_s * SECOND_US, now_s * SECOND_US);
    lines.into_iter().map(|(text, _)| text).collect()
}

#[test]
fn a_table_of_levels() {
    let connected = News::Connected { view: View::Exact };
    let levels = [News::Level(exact("TEE", 8, 2, 10)), News::Level(exact("CAP", -1, 31, 0))];
    let picture = picture([connected].into_iter().chain(levels).chain([News::Complete]).collect());
    assert_eq!(
        texts(&picture, (100, 24), 75),
        [
            "connected to http://engine · 2 keys, view exact · Ctrl-C ends",
            "SKU  LOCATION  AVAILABLE  ON HAND  RESERVED  COMMITTED  VERSION    CHANGED",
            "CAP  OSLO-1           -1       -1         0          0       31  1 min ago",
            "TEE  OSLO-1            8        8         0          0        2  1 min ago",
        ]
    );
}

#[test]
fn other_views_have_their_own_columns() {
    let at = Timestamp::from_micros_clamped(0);
    let names = ("TEE".to_owned(), "OSLO-1".to_owned());
    let (sku, location) = names.clone();
    let availability = StockBand::LowStock;
    let banded =
        LevelView::Banded(BandedLevel { sku, location, availability, version: 2, as_of: at });
    let (sku, location) = names;
    let boolean = LevelView::Boolean(BooleanLevel {
        sku,
        location,
        is_available: false,
        version: 3,
        as_of: at,
    });
    for (view, level, told) in
        [(View::Banded, banded, "low stock"), (View::Boolean, boolean, "not available")]
    {
        let picture = picture(vec![News::Connected { view }, News::Level(level)]);
        let lines = texts(&picture, (100, 24), 5);
        assert!(lines[0].contains(view.name()), "{lines:?}");
        assert!(lines[1].contains("AVAILABILITY") && !lines[1].contains("ON HAND"), "{lines:?}");
        assert!(lines[2].contains(told) && lines[2].ends_with("5 s ago"), "{lines:?}");
    }
}

#[test]
fn what_does_not_fit_is_counted_and_the_last_changes_are_shown() {
    let mut news = vec![News::Connected { view: View::Exact }];
    news.extend((0..50).map(|number| News::Level(exact(&format!("S{number:02}"), 1, 1, 0))));
    news.push(News::Complete);
    news.push(News::Level(exact("S07", 5, 2, 1)));
    let picture = picture(news);
    let lines = picture.lines((40, 10), SECOND_US, SECOND_US);
    assert_eq!(lines.len(), 10);
    assert!(lines[2].0.starts_with("S07"), "{lines:?}");
    assert!(lines[9].0.starts_with("… and 43 more keys"), "{lines:?}");
    assert!(lines.iter().all(|(text, _)| text.chars().count() <= 40), "{lines:?}");
    // Only the change stands out, and only for a while.
    let marked = |now_us| {
        picture.lines((40, 10), now_us, now_us).iter().skip(2).filter(|l| !l.1.is_empty()).count()
    };
    assert_eq!((marked(SECOND_US), marked(10 * SECOND_US)), (1, 0));
}

#[test]
fn a_terminal_of_any_size_is_never_overfilled() {
    let mut picture = Picture::new("http://engine", true);
    for version in 1..2_000 {
        picture.take(News::Event(event(version)), 0);
    }
    for (width, height) in [(0, 0), (1, 1), (3, 2), (20, 3), (500, 200)] {
        let lines = picture.lines((width, height), 0, 0);
        assert!(lines.len() <= usize::from(height));
        assert!(lines.iter().all(|(text, _)| text.chars().count() <= usize::from(width)));
    }
    let lines = texts(&picture, (120, 5), 0);
    assert!(lines[2].starts_with("TEE  OSLO-1    reserved"), "{lines:?}");
    assert!(lines[2].contains("10 → 8") && lines[2].contains("1999"), "newest first: {lines:?}");
    assert_eq!(lines[4], "… and 1997 earlier events");
}

#[test]
fn a_lost_connection_is_told_with_the_time_left_and_a_full_snapshot_clears() {
    let reason = FeedError::Connect { reason: "refused".to_owned() };
    let lost = News::Lost { reason, again_in: Duration::from_secs(3) };
    let mut picture = picture(vec![News::Level(exact("TEE", 1, 1, 0)), lost]);
    let lines = texts(&picture, (200, 24), 1);
    assert!(lines[0].starts_with("NO CONNECTION, again in 2 s · no feed connection: refused"));
    assert_eq!(lines.len(), 3, "what was known stays to be seen");
    picture.take(News::Full, 0);
    assert_eq!(texts(&picture, (200, 24), 1).len(), 2);
}

#[test]
fn lines_for_people_and_for_programs() {
    let line = |is_json, news: &News| Lines::new("http://e", is_json).line(news).expect("JSON");
    let level = News::Level(exact("TEE\u{1b}[2J", 8, 2, 0));
    assert_eq!(
        line(false, &level).as_deref(),
        Some(
            "1970-01-01T00:00:00.000000Z TEE?[2J OSLO-1 available=8 on_hand=8 reserved=0 committed=0 version=2"
        )
    );
    let json = line(true, &level).expect("a line");
    assert!(serde_json::from_str::<Level>(&json).is_ok_and(|level| level.version == 2), "{json}");
    let event = News::Event(event(2));
    assert_eq!(
        line(false, &event).as_deref(),
        Some(
            "1970-01-01T00:00:01.000000Z TEE OSLO-1 reserved 2 available=10->8 version=2 reason=cart"
        )
    );
    let json = line(true, &event).expect("a line");
    assert!(serde_json::from_str::<Movement>(&json).is_ok(), "{json}");
    assert_eq!(line(true, &News::Full).as_deref(), Some(r#"{"type":"full"}"#));
    let gap = News::Gap { earliest: "7".to_owned() };
    assert_eq!(line(true, &gap).as_deref(), Some(r#"{"earliest":"7","type":"gap"}"#));
    assert_eq!(line(false, &gap), None);
    let state = |news: &News| Lines::new("http://e", true).state(news);
    assert_eq!(
        state(&News::Connected { view: View::Exact }).as_deref(),
        Some("connected to http://e")
    );
    let reason = FeedError::Connect { reason: "refused".to_owned() };
    let lost = state(&News::Lost { reason, again_in: Duration::from_millis(120) }).expect("told");
    assert!(lost.contains("refused") && lost.ends_with("(trying again in 0.1 s)"), "{lost}");
}

#[test]
fn columns_fit_their_width() {
    let heads = [("NAME", Align::Left), ("N", Align::Right)];
    let rows =
        [vec!["räksmörgås".to_owned(), "1".to_owned()], vec!["b".to_owned(), "20".to_owned()]];
    assert_eq!(lay_out(&heads, &rows, 80), ["NAME         N", "räksmörgås   1", "b           20"]);
    assert_eq!(lay_out(&heads, &rows, 10), ["NAME     N", "räksm…   1", "b       20"]);
    assert_eq!(
        (cut("abc", 3).as_str(), cut("abcd", 3).as_str(), cut("a", 0).as_str()),
        ("abc", "ab…", "")
    );
    assert_eq!(printable("a\nb\u{9b}c"), "a?b?c");
    assert_eq!(
        [ago(0), ago(59 * SECOND_US), ago(7_200 * SECOND_US), ago(200_000 * SECOND_US)],
        ["0 s ago", "59 s ago", "2 h ago", "2 d ago"]
    );
}
