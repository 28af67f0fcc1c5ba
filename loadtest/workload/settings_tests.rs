//! What settings mean, and which do not go together.

use std::time::Duration;

use crate::cli::parsing::name_and_value;
use crate::drive::load::{Arrivals, Rates, Spacing};
use crate::workload::kind::Kind;
use crate::workload::settings::WorkloadSettings;
use crate::workload::settings_error::SettingsError;
use crate::workload::tables::Given;

fn read(kind: Kind, given: &[&str]) -> Result<WorkloadSettings, SettingsError> {
    let given: Vec<_> = given
        .iter()
        .map(|text| {
            let (name, value) = name_and_value(text).unwrap();
            Given { place: format!("--set {name}"), name, value }
        })
        .collect();
    WorkloadSettings::read(kind, None, &given)
}

/// Settings that are allowed.
pub fn settings(kind: Kind, given: &[&str]) -> WorkloadSettings {
    read(kind, given).unwrap_or_else(|error| panic!("{kind} {given:?}: {error}"))
}

#[test]
fn every_workload_runs_with_its_defaults() {
    for kind in Kind::ALL {
        let load = settings(kind, &[]).load();
        assert_eq!((load.clients, load.in_flight, load.frame), (64, 1, 1), "{kind}");
        assert_eq!(load.arrivals, Arrivals::Closed);
        let longest = Duration::from_secs(60);
        assert!(load.duration.is_none_or(|time| time + load.warm_up <= longest), "{kind}");
        assert!(load.threads >= 1);
    }
    let hot = settings(Kind::Hot, &[]);
    assert_eq!(hot.prepare(1).operations(), Some(240_000));
    assert_eq!(hot.load().warm_up, Duration::from_secs(1));
    assert_eq!(hot.written()["stock"], "200000");
    assert_eq!(hot.written()["transport"], "http");
}

#[test]
fn rates_become_arrivals() {
    let arrivals = |given: &[&str]| settings(Kind::Uniform, given).load().arrivals;
    let spacing = Spacing::Poisson;
    let rates = Rates::Fixed(5_000.0);
    assert_eq!(arrivals(&["rate=5000"]), Arrivals::Open { rates, spacing });
    let rates = Rates::Ramp { from: 1_000.0, to: 50_000.0 };
    let spacing = Spacing::Constant;
    assert_eq!(arrivals(&["rate=1k..50k", "spacing=constant"]), Arrivals::Open { rates, spacing });
    let stair = settings(Kind::Hot, &["rate=1000..50000", "step=2s"]).load();
    let step = Duration::from_secs(2);
    let rates = Rates::Stair { from: 1_000.0, to: 50_000.0, steps: 10, step };
    assert_eq!(stair.arrivals, Arrivals::Open { rates, spacing: Spacing::Poisson });
    assert_eq!(stair.duration, Some(step * 10));
}

#[test]
fn a_stair_takes_the_place_of_a_default_duration() {
    let load = settings(Kind::Zipf, &["rate=1k..50k", "step=5s"]).load();
    assert_eq!(load.duration, Some(Duration::from_secs(50)));
}

#[test]
fn what_does_not_go_together_is_refused_with_what_to_do() {
    for (kind, given, said) in [
        (Kind::Mixed, &["transport=ws-binary"][..], "--set read_share=0"),
        (Kind::Lifecycle, &["transport=inproc"], "--set return_share=0"),
        (Kind::Basket, &["transport=ws-json"], "choose --transport http"),
        (Kind::Hot, &["frame=100"], "choose --transport ws-binary"),
        (Kind::Hot, &["steps=5"], "--rate 1k..50k"),
        (Kind::Hot, &["rate=1k..2k"], "set --duration"),
        (Kind::Uniform, &["duration=none"], "set --duration or --operations"),
        (Kind::Hot, &["quantity=0"], "quantity must be from 1"),
        (Kind::Hot, &["clients=0"], "clients must be from 1 to 262144, not 0"),
        (Kind::Hot, &["clients=-1"], "clients"),
        (Kind::Hot, &["transport=pigeon"], "pigeon"),
        (Kind::Hot, &["rate=fast"], "1k..50k"),
        (Kind::Basket, &["skus=100"], "an order of 673 lines needs as many keys"),
        (Kind::Basket, &["sizes=[[0.0, 5], [1.0, 2]]"], "must rise"),
        (Kind::Lifecycle, &["commit_share=0.9", "release_share=0.2"], "more than the whole"),
        (Kind::Mixed, &["reserve_share=0.1"], "set it to at least as much"),
        (Kind::FlashSale, &["think=2s"], "set think to less"),
        (Kind::Uniform, &["skus=10000000", "locations=1000"], "set skus or locations to less"),
        (Kind::Zipf, &["exponent=nan"], "exponent must be from 0 to 10"),
        (
            Kind::Hot,
            &["skus=5"],
            "no setting of hot \"skus\"; there are beyond, hold_seconds, quantity, stock, ",
        ),
        (Kind::Hot, &["bogus=5"], "; there are beyond"),
        (Kind::Hot, &["stock=0"], "stock must be from 1 to 2147483647, not 0"),
        (Kind::Hot, &["stock=2147483648"], "stock must be from 1 to 2147483647, not 2147483648"),
        (Kind::Hot, &["stok=5"], "did you mean \"stock\"?"),
        (Kind::Hot, &["stock=many"], "stock must be a whole number"),
    ] {
        let error = read(kind, given).unwrap_err().to_string();
        assert!(error.contains(said), "{given:?}: {error}");
    }
}
