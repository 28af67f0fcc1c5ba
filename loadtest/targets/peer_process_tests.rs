//! A server that is dropped is gone, and its directory with it.

use rustix::io::Errno;
use rustix::process::test_kill_process;

use super::*;

/// Ends by `SIGQUIT`, and by nothing milder.
static MANNER: Manner = Manner {
    what: "tail",
    ready: "ready",
    logs_to_stderr: false,
    stop: Signal::TERM,
    quit: Signal::QUIT,
};

#[tokio::test]
async fn a_dropped_server_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' TERM; echo ready; exec tail -f /dev/null"]);
    let process = PeerProcess::start(&MANNER, command, folder).await.unwrap();
    process.signal(Signal::TERM);
    let pid = process.pid().unwrap();
    assert_eq!(test_kill_process(pid), Ok(()));
    drop(process);
    assert_eq!(test_kill_process(pid), Err(Errno::SRCH));
    assert!(!path.exists());
}
