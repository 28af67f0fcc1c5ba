//! One plot as an SVG picture: axes that are even, logarithmic or of percentiles, and curves in colours that the page's
//! style exchanges in the dark.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::report::words;

/// The colours of curves, in their order; the page's style knows the same ones.
pub const COLOURS: [RGBColor; 8] = [
    RGBColor(0x2F, 0x6F, 0xDE),
    RGBColor(0xE0, 0x7A, 0x10),
    RGBColor(0x1F, 0x9D, 0x6B),
    RGBColor(0xC9, 0x3A, 0x4B),
    RGBColor(0x8A, 0x5B, 0xC7),
    RGBColor(0x8C, 0x6D, 0x46),
    RGBColor(0x0B, 0xA0, 0xB8),
    RGBColor(0xC2, 0x4F, 0x9E),
];

const INK: RGBColor = RGBColor(0x55, 0x5F, 0x6D);
const GRID: RGBColor = RGBColor(0xE3, 0xE7, 0xEC);
const SHADE: RGBColor = RGBColor(0xF1, 0xF3, 0xF6);

/// Units of the drawing; the page shows it at about half this size, so that whole units are fine enough.
const SIZE: (u32, u32) = (1_280, 560);
const FONT: u32 = 32;
/// Points of a curve; of more the lowest and the highest of each stretch are drawn.
const POINTS_MAX: usize = 1_000;
/// Ticks of an even axis, about.
const TICKS: f64 = 6.0;

/// How values lie on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly, from 0.
    Even,
    /// Each decade as long as the other; what is not above 0 is left out.
    Log,
    /// Quantiles, by 1/(1−q): each further nine is as long as the one before.
    Percentile,
}

/// An axis: how values lie on it, and how they are written.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// What stands below it; of the upright axis the plot's title says it.
    pub title: &'static str,
    /// How values lie.
    pub scale: Scale,
}

/// A curve.
#[derive(Clone, Debug)]
pub struct Curve {
    /// As the legend says it.
    pub label: String,
    /// Its place in [`COLOURS`], which begin again when they are used up.
    pub colour: usize,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
    /// Whether it is a line to compare with, and nothing that was measured.
    pub is_guide: bool,
}

/// A plot.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows, and in which unit.
    pub title: String,
    /// Along.
    pub x: Axis,
    /// Upright.
    pub y: Axis,
    /// Later ones are drawn over earlier ones.
    pub curves: Vec<Curve>,
    /// Up to where along it is warm-up.
    pub warm_up: f64,
    /// Whether curves are filled down to 0.
    pub is_filled: bool,
}

impl Scale {
    /// Where on the axis; none where it has no place.
    fn place(self, value: f64) -> Option<f64> {
        let place = match self {
            Self::Even => value,
            Self::Log => value.log10(),
            Self::Percentile => -(1.0 - value).log10(),
        };
        place.is_finite().then_some(place)
    }

    fn written(self, place: f64) -> String {
        match self {
            Self::Even => words::number(place),
            Self::Log => plain(10_f64.powf(place)),
            Self::Percentile => {
                let percent = format!("{:.5}", 100.0 - 100.0 * 10_f64.powf(-place));
                format!("{}%", percent.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }

    /// From where to where, and where the ticks stand, for places from `low` to `high`.
    fn ticks(self, low: f64, high: f64) -> (f64, f64, Vec<f64>) {
        match self {
            Self::Even => even_ticks(low.min(0.0), high),
            Self::Log => log_ticks(low, high),
            Self::Percentile => {
                let end = high.max(1.0);
                let nines = (1..=9).map(f64::from);
                let ticks = std::iter::once(2.0_f64.log10()).chain(nines);
                (0.0, end, ticks.filter(|tick| *tick <= end).collect())
            }
        }
    }
}

/// `0.05`, `1`, `200`, `1,000`: ticks of a logarithmic axis.
fn plain(value: f64) -> String {
    if value >= 0.95 {
        return words::number(value.round());
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').to_owned()
}

/// The smallest of 1, 2, 5, 10 times a power of ten that is not smaller.
fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    steps.into_iter().find(|step| *step >= value * 0.999_999).unwrap_or(10.0 * decade)
}

fn even_ticks(low: f64, high: f64) -> (f64, f64, Vec<f64>) {
    let high = if high > low { high } else { low + 1.0 };
    let step = round_up((high - low) / TICKS);
    let first = (low / step).floor() * step;
    let ticks = (0..=20).map(|number| first + step * f64::from(number));
    let ticks: Vec<_> = ticks.take_while(|tick| *tick < high + step * 0.5).collect();
    (first, high + step * 0.25, ticks)
}

/// 1, 2 and 5 of each decade where there are few, else the decades.
fn log_ticks(low: f64, high: f64) -> (f64, f64, Vec<f64>) {
    let inner: &[f64] = if high - low < 3.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let first = low.floor();
    let decades = (0..=18).map(|number| first + f64::from(number));
    let all: Vec<f64> =
        decades.flat_map(|decade| inner.iter().map(move |step| decade + step.log10())).collect();
    // Out to the next tick on both sides, so that there are two at least.
    let from = all.iter().copied().filter(|tick| *tick <= low + 1e-9).fold(first, f64::max);
    let to = all.iter().copied().find(|tick| *tick >= high - 1e-9 && *tick > from);
    let to = to.unwrap_or(high);
    (from, to, all.into_iter().filter(|tick| *tick >= from && *tick <= to + 1e-9).collect())
}

/// An axis with ticks of our own choice.
struct Marked {
    inner: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Marked {
    fn new((from, to, ticks): (f64, f64, Vec<f64>)) -> Self {
        Self { inner: (from..to).into(), ticks }
    }
}

impl Ranged for Marked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.inner.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.inner.range()
    }
}

/// The lowest and the highest of each stretch, so that no outlier is lost.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= POINTS_MAX {
        return points;
    }
    let stretch = points.len().div_ceil(POINTS_MAX / 2);
    let both = |points: &[(f64, f64)]| {
        let low = points.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
        let high = points.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let mut both: Vec<_> = low.into_iter().chain(high).collect();
        both.sort_by(|a, b| a.0.total_cmp(&b.0));
        both
    };
    points.chunks(stretch).flat_map(both).collect()
}

impl Chart {
    /// The picture; none where fewer than two points of a curve can be drawn.
    #[must_use]
    pub fn svg(&self) -> Option<String> {
        let curves: Vec<_> = self.curves.iter().map(|curve| (curve, self.places(curve))).collect();
        let is_drawn = |(curve, places): &(&Curve, Vec<_>)| !curve.is_guide && places.len() > 1;
        if !curves.iter().any(is_drawn) {
            return None;
        }
        let all = || curves.iter().flat_map(|(_, places)| places);
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let x = range(&mut all().map(|place| place.0));
        let y = range(&mut all().map(|place| place.1));
        let mut text = String::new();
        self.draw(&mut text, self.x.scale.ticks(x.0, x.1), self.y.scale.ticks(y.0, y.1), &curves)
            .ok()?;
        Some(text.replacen(
            "<svg ",
            &format!("<svg role=\"img\" aria-label=\"{}\" ", self.told()),
            1,
        ))
    }

    fn places(&self, curve: &Curve) -> Vec<(f64, f64)> {
        let place = |(x, y): &(f64, f64)| Some((self.x.scale.place(*x)?, self.y.scale.place(*y)?));
        thinned(curve.points.iter().filter_map(place).collect())
    }

    /// The plot in words, for those who do not see it; fit for an attribute.
    fn told(&self) -> String {
        let curve = |curve: &Curve| {
            let low = curve.points.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
            let high = curve.points.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
            let written = |value: f64| words::number(value);
            let said = format!("{}: from {} to {}", curve.label, written(low.1), written(high.1));
            (!curve.is_guide).then_some(said)
        };
        let curves: Vec<_> = self.curves.iter().filter_map(curve).collect();
        super::html_parts::escaped(&format!("{}. {}", self.title, curves.join("; ")))
    }

    fn draw(
        &self,
        text: &mut String,
        x: (f64, f64, Vec<f64>),
        y: (f64, f64, Vec<f64>),
        curves: &[(&Curve, Vec<(f64, f64)>)],
    ) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
        let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
        let (left, right, bottom, top) = (x.0, x.1, y.0, y.1);
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .margin_right(36)
            .margin_top(18)
            .x_label_area_size(96)
            .y_label_area_size(136)
            .build_cartesian_2d(Marked::new(x), Marked::new(y))?;
        if self.warm_up > 0.0 {
            let corners = [(left, bottom), (self.warm_up.min(right), top)];
            chart.draw_series([Rectangle::new(corners, SHADE.filled())])?;
        }
        let label = ("sans-serif", FONT).into_font().color(&INK);
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(INK.stroke_width(2))
            .label_style(label.clone())
            .axis_desc_style(label)
            .x_desc(self.x.title)
            .x_label_formatter(&|place| self.x.scale.written(*place))
            .y_label_formatter(&|place| self.y.scale.written(*place))
            .draw()?;
        for (curve, places) in curves {
            let colour = COLOURS[curve.colour % COLOURS.len()];
            let places = places.iter().copied();
            if curve.is_guide {
                let dashes = DashedLineSeries::new(places, 12, 10, INK.stroke_width(2));
                chart.draw_series(dashes)?;
            } else if self.is_filled {
                chart.draw_series(AreaSeries::new(places, bottom.max(0.0), colour))?;
            } else {
                chart.draw_series(LineSeries::new(places, colour.stroke_width(4)))?;
            }
        }
        root.present()
    }
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
