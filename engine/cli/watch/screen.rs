//! The terminal: takes it over, draws the table into it, and gives it back as it was.
//!
//! Control sequences are those of ECMA-48 and xterm, which every terminal of today understands.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use saldo::clock::{SystemSource, TimeSource, monotonic_us};
use saldo_protocol::View;

use super::{
    board::{self, Board, Mark, Shown},
    news::{News, why},
    table::{cut, lay_out},
    tape::{self, Tape},
};
use crate::cli::error::CliError;

/// The other screen, without a cursor, lines cut at the edge.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
/// All of it undone, in reverse.
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const BOLD: &str = "\x1b[1m";
const REVERSE: &str = "\x1b[7m";
const PLAIN: &str = "\x1b[0m";
/// Where the terminal does not tell its size: columns and rows.
const SIZE_DEFAULT: (u16, u16) = (80, 24);
/// Lines that are no rows: the state above, the heads, the count below.
const LINES_AROUND: usize = 3;
/// How long a picture without news stays, in microseconds: ages are told in seconds.
const PICTURE_TIME_MAX_US: u64 = 1_000_000;

/// The terminal while it is taken over.
pub struct Screen {
    /// How the keyboard was, where it is one.
    keyboard: Option<Termios>,
    picture: Picture,
    is_changed: bool,
    drawn_us: u64,
}

/// What is drawn. Pure: size and time are arguments.
pub struct Picture {
    url: String,
    content: Content,
    view: View,
    line: LineState,
}

enum Content {
    Levels(Board),
    Events(Tape),
}

enum LineState {
    Connecting,
    Connected,
    Lost { reason: String, again_us: u64 },
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn open(url: &str, is_events: bool) -> Result<Self, CliError> {
        let keyboard = silence_keyboard();
        let picture = Picture::new(url, is_events);
        // Made first, so that it is given back even where only a part could be written.
        let screen = Self { keyboard, picture, is_changed: true, drawn_us: 0 };
        write_out(ENTER).map_err(CliError::system("write to the terminal"))?;
        Ok(screen)
    }

    /// Takes news into the next picture.
    pub fn take(&mut self, news: News) {
        self.picture.take(news, monotonic_us());
        self.is_changed = true;
    }

    /// Draws, where there is something new to see.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn draw(&mut self) -> io::Result<()> {
        let now_us = monotonic_us();
        if !self.is_changed && now_us.saturating_sub(self.drawn_us) < PICTURE_TIME_MAX_US {
            return Ok(());
        }
        (self.is_changed, self.drawn_us) = (false, now_us);
        let size =
            tcgetwinsize(io::stdout()).map_or(SIZE_DEFAULT, |size| (size.ws_col, size.ws_row));
        let size = if size.0 == 0 || size.1 == 0 { SIZE_DEFAULT } else { size };
        let lines = self.picture.lines(size, now_us, SystemSource.wall_us());
        let mut frame = String::from("\x1b[H");
        for (number, (text, style)) in lines.iter().enumerate() {
            let end = if number == 0 { "" } else { "\r\n" };
            // Writing to a text cannot fail.
            let _ = write!(frame, "{end}{style}{text}{PLAIN}\x1b[K");
        }
        frame.push_str("\x1b[J");
        write_out(&frame)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _ = write_out(LEAVE);
        if let Some(keyboard) = &self.keyboard {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, keyboard);
        }
    }
}

/// Keys that are pressed do not appear in the table; Ctrl-C still ends it.
fn silence_keyboard() -> Option<Termios> {
    let stdin = io::stdin();
    let before = stdin.is_terminal().then(|| tcgetattr(&stdin).ok()).flatten()?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Now, &silent).ok()?;
    Some(before)
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

impl Picture {
    /// Of the engine at this address.
    pub fn new(url: &str, is_events: bool) -> Self {
        let content = if is_events {
            Content::Events(Tape::default())
        } else {
            Content::Levels(Board::default())
        };
        Self { url: url.to_owned(), content, view: View::Exact, line: LineState::Connecting }
    }

    /// Takes news in, heard at this moment.
    pub fn take(&mut self, news: News, now_us: u64) {
        match (news, &mut self.content) {
            (News::Connected { view }, content) => {
                self.line = LineState::Connected;
                self.view = view;
                if let Content::Levels(board) = content {
                    board.connected();
                }
            }
            (News::Lost { reason, again_in }, _) => {
                let wait_us = u64::try_from(again_in.as_micros()).unwrap_or(u64::MAX);
                let again_us = now_us.saturating_add(wait_us);
                self.line = LineState::Lost { reason: why(&reason), again_us };
            }
            (News::Level(level), Content::Levels(board)) => board.take(level, now_us),
            (News::Full, Content::Levels(board)) => board.clear(),
            (News::Complete, Content::Levels(board)) => board.complete(),
            (News::Event(event), Content::Events(tape)) => tape.take(event),
            // A gap is seen in the versions; the other mode's news do not come.
            _ => {}
        }
    }

    /// The picture's lines with how each stands out, as many as the terminal has at most.
    pub fn lines(
        &self,
        size: (u16, u16),
        now_us: u64,
        wall_us: u64,
    ) -> Vec<(String, &'static str)> {
        let (width, height) = (usize::from(size.0), usize::from(size.1));
        let rows_max = height.saturating_sub(LINES_AROUND);
        let (heads, rows, total, what) = match &self.content {
            Content::Levels(board) => {
                let rows = board.shown(rows_max, now_us, wall_us);
                (
                    board::heads(self.view),
                    rows,
                    board.len(),
                    "more keys; those that changed last are shown",
                )
            }
            Content::Events(tape) => {
                let rows = tape.shown(rows_max).into_iter();
                let rows = rows.map(|cells| Shown { cells, mark: Mark::None }).collect();
                let total = usize::try_from(tape.heard).unwrap_or(usize::MAX);
                (tape::HEADS, rows, total, "earlier events")
            }
        };
        let (cells, marks): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|row| (row.cells, row.mark)).unzip();
        let mut lines = vec![(cut(&self.state(total, now_us), width), "")];
        let styles = std::iter::once(BOLD).chain(marks.iter().map(|mark| match mark {
            Mark::None => "",
            Mark::Fresh => BOLD,
            Mark::Newest => REVERSE,
        }));
        lines.extend(lay_out(heads, &cells, width).into_iter().zip(styles));
        let more = total.saturating_sub(marks.len());
        if more > 0 {
            lines.push((cut(&format!("… and {more} {what}"), width), ""));
        }
        lines.truncate(height);
        lines
    }

    fn state(&self, total: usize, now_us: u64) -> String {
        let what = match self.content {
            Content::Levels(_) => format!("{total} keys, view {}", self.view.name()),
            Content::Events(_) => format!("{total} events"),
        };
        let url = &self.url;
        match &self.line {
            LineState::Connecting => format!("connecting to {url} …"),
            LineState::Connected => format!("connected to {url} · {what} · Ctrl-C ends"),
            LineState::Lost { reason, again_us } => {
                let left_s = again_us.saturating_sub(now_us).div_ceil(1_000_000);
                format!("NO CONNECTION, again in {left_s} s · {reason}")
            }
        }
    }
}
