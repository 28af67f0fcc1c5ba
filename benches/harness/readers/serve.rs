//! The process of the readers: an order, what it asks for, an answer, until there are no more orders.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use super::crowd::Crowd;
use super::orders::{Answer, Order};
use crate::monotonic::monotonic_ns;
use crate::{BenchError, open_files};

/// How long those who listen may take to hear of the last change.
const HEARD_MAX: Duration = Duration::from_secs(10);

/// Serves until standard input ends.
pub(super) fn serve() -> Result<(), BenchError> {
    open_files::raised();
    let stdin = io::stdin();
    let mut crowd = Crowd::new(&stdin)?;
    let mut marked_ns = monotonic_ns();
    let mut line = String::new();
    loop {
        crowd.read_until_ordered()?;
        line.clear();
        // One order at a time: whatever the lock's buffer holds is this line.
        let read = stdin.lock().read_line(&mut line).map_err(BenchError::io("reading an order"))?;
        if read == 0 {
            return Ok(());
        }
        let order = serde_json::from_str(&line)
            .map_err(|error| BenchError::Answer(format!("{error} in the order {line}")))?;
        let answer = carry_out(&mut crowd, order, &mut marked_ns)
            .unwrap_or_else(|error| Answer::Failed(error.to_string()));
        let mut answer =
            serde_json::to_vec(&answer).map_err(|error| BenchError::Answer(error.to_string()))?;
        answer.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&answer).and_then(|()| out.flush()).map_err(BenchError::io("answering"))?;
    }
}

fn carry_out(crowd: &mut Crowd, order: Order, marked_ns: &mut u64) -> Result<Answer, BenchError> {
    Ok(match order {
        Order::Open(group) => {
            crowd.open(&group)?;
            Answer::Done
        }
        Order::Mark(what) => {
            crowd.heard.mark(what);
            *marked_ns = monotonic_ns();
            Answer::Done
        }
        Order::Times { changes } => {
            let expected = crowd.listeners(&changes);
            let enough = usize::try_from(expected).unwrap_or(usize::MAX);
            crowd.read_until(HEARD_MAX, &mut |crowd| crowd.heard.arrivals() >= enough)?;
            Answer::Times(crowd.heard.times(&changes, expected))
        }
        Order::Rates => Answer::Rates(crowd.heard.rates(monotonic_ns() - *marked_ns)),
        Order::Close => {
            crowd.close();
            Answer::Done
        }
    })
}
