//! The command `echo` serves in a process of its own, and ends well when told to.

use std::path::Path;
use std::sync::Arc;

use saldo_loadtest::session::Connector;
use saldo_loadtest::session::http::HttpConnector;
use saldo_loadtest::targets::echo_process::EchoProcess;
use saldo_loadtest::workload::names::Names;
use saldo_loadtest::workload::op::Verb;
use saldo_loadtest::workload::outcome::Verdict;

use crate::support::{ask, op};

#[tokio::test]
async fn the_command_answers_and_stops_well() {
    let program = Path::new(env!("CARGO_BIN_EXE_saldo-loadtest"));
    let echo = EchoProcess::start_program(program).await.unwrap();
    assert!(echo.pid().is_some());
    let names = Arc::new(Names::new(3, 2, 1));
    let connector = HttpConnector::new(names, echo.url(), None).unwrap();
    let mut session = connector.connect(0).await.unwrap();
    let outcomes = ask(&mut session, 0, &[op(Verb::Reserve, 0, 0, 1, 3)]).await;
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].verdict, Verdict::Done);
    // The connection is still open: it does not keep the process.
    echo.stop().await.unwrap();
}
