//! Axes enclose what they show, ticks read well, and a plot also says in words what it shows.

use super::*;

fn chart(points: Vec<(f64, f64)>) -> Chart {
    let curve = Curve { label: "a<b".to_owned(), colour: 0, points, is_guide: false };
    Chart {
        title: "Latency, ms".to_owned(),
        x: Axis { title: "seconds", scale: Scale::Even },
        y: Axis { title: "", scale: Scale::Log },
        curves: vec![curve],
        warm_up: 0.0,
        is_filled: false,
    }
}

#[test]
fn nothing_to_draw_is_no_plot() {
    assert_eq!(chart(Vec::new()).svg(), None);
    assert_eq!(chart(vec![(0.0, 0.0), (1.0, 0.0)]).svg(), None, "0 has no logarithm");
}

#[test]
fn a_plot_says_in_words_what_it_shows() {
    let svg = chart(vec![(0.0, 1.0), (1.0, 8.0)]).svg().expect("a plot");
    assert!(svg.contains("aria-label=\"Latency, ms. a&lt;b: from 1 to 8\""), "{svg}");
    assert!(svg.starts_with("<svg role=\"img\""));
    assert!(!svg.contains("a<b"));
}

#[test]
fn ticks_of_percentiles_are_nines() {
    let written: Vec<_> = Scale::Percentile.ticks(0.0, 4.2).2;
    let written: Vec<_> =
        written.into_iter().map(|place| Scale::Percentile.written(place)).collect();
    assert_eq!(written, ["50%", "90%", "99%", "99.9%", "99.99%"]);
}

#[test]
fn ticks_of_logarithms_enclose_the_values() {
    let (from, to, ticks) = log_ticks(1.3_f64.log10(), 1.6_f64.log10());
    let written: Vec<_> = ticks.into_iter().map(|place| Scale::Log.written(place)).collect();
    assert_eq!(written, ["1", "2"]);
    assert!(from <= 1.3_f64.log10() && to >= 1.6_f64.log10());
    let (from, to, ticks) = log_ticks(-2.0, -2.0);
    assert!(to > from && ticks.len() >= 2);
    assert_eq!(Scale::Log.written(-2.0), "0.01");
}

#[test]
fn thinning_keeps_outliers() {
    let mut points: Vec<_> = (0..10_000).map(|at| (f64::from(at), 1.0)).collect();
    points[4_321].1 = 99.0;
    let thin = thinned(points);
    assert!(thin.len() <= POINTS_MAX && thin.contains(&(4_321.0, 99.0)));
}
