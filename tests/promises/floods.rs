//! Whoever floods the engine harms no other client: it is served on, in bounded memory. The long form, with its p99, is
//! `saldo-tests faults`.

use std::time::Duration;

use saldo_tests::real::FLOODS;

#[tokio::test(flavor = "multi_thread")]
async fn floods_do_not_drown_others() {
    for flood in FLOODS {
        let withstood = flood.run(Duration::from_millis(600)).await;
        let withstood = withstood.unwrap_or_else(|wrong| panic!("{}: {wrong}", flood.name));
        assert!(withstood.calls > 0, "{}: {withstood}", flood.name);
    }
}
