//! Axes: linear, logarithmic, and the percentile axis of HdrHistogram plots, 1 / (1 - p) on a logarithmic scale.

use std::ops::Range;

use dedup_records::units::{fixed, short};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::words::{clip, memory, nanos, rate, three};

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit or its base.
    pub title: String,
    /// How values map to places.
    pub scale: Scale,
    /// How values are written.
    pub unit: Unit,
    /// Its ends.
    pub range: (f64, f64),
}

/// How values map to places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally far apart.
    Linear,
    /// Equal ratios are.
    Log,
}

/// How values are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A length of time, in nanoseconds.
    Nanos,
    /// A share of 1, shown in per cent.
    Share,
    /// Memory, in bytes.
    Bytes,
    /// A number.
    Number,
    /// Pings a second.
    PerSecond,
    /// `1 / (1 - quantile)`, shown as the percentile.
    Percentile,
    /// Names at 0, 1, 2 and so on.
    Names(Vec<String>),
}

impl Axis {
    /// A linear axis from 0 (or the smallest value, if that is below it) to a little more than the largest value.
    pub fn linear(title: &str, unit: Unit, values: impl Iterator<Item = f64>) -> Axis {
        let (low, high) = ends(values);
        let high = if high > 0.0 { high * 1.04 } else { 1.0 };
        Axis { title: title.into(), scale: Scale::Linear, unit, range: (low.min(0.0), high) }
    }

    /// A logarithmic axis around the values, which have to be above zero; others are left out of account.
    pub fn log(title: &str, unit: Unit, values: impl Iterator<Item = f64>) -> Axis {
        let (low, high) = ends(values.filter(|value| *value > 0.0));
        let (low, high) = if low.is_finite() { (low, high) } else { (1.0, 10.0) };
        let (low, high) = if high / low < 1.5 { (low / 1.5, high * 1.5) } else { (low / 1.25, high * 1.25) };
        let high = if unit == Unit::Share { high.min(1.15) } else { high };
        Axis { title: title.into(), scale: Scale::Log, unit, range: (low, high) }
    }

    /// One place for each name.
    pub fn names(title: &str, names: Vec<String>) -> Axis {
        let range = (-0.6, names.len() as f64 - 0.4);
        Axis { title: title.into(), scale: Scale::Linear, unit: Unit::Names(names), range }
    }

    /// Where a value lies between the ends, from 0 to 1; values beyond an end lie on it.
    pub fn place(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        let place = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log => (value.max(f64::MIN_POSITIVE) / low).ln() / (high / low).ln(),
        };
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Values that get a line and a label: at most about `most`.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        let ticks = match (&self.unit, self.scale) {
            (Unit::Names(names), _) => return every(names.len(), most),
            (Unit::Percentile, _) => (0..7).map(|nines| 10_f64.powi(nines)).collect(),
            (Unit::Nanos, Scale::Log) => TIMES.to_vec(),
            (Unit::Nanos, Scale::Linear) => steps(self.range, &time_step(self.range.1 - self.range.0, most)),
            (Unit::Bytes, Scale::Log) => byte_ticks(),
            (Unit::Bytes, Scale::Linear) => steps(self.range, &byte_step(self.range.1 - self.range.0, most)),
            (_, Scale::Log) => decades(self.range),
            (_, Scale::Linear) => steps(self.range, &round_step(self.range.1 - self.range.0, most)),
        };
        let inside: Vec<f64> = ticks.into_iter().filter(|tick| self.holds(*tick)).collect();
        let stride = inside.len().div_ceil(most.max(1)).max(1);
        inside.into_iter().step_by(stride).collect()
    }

    fn holds(&self, value: f64) -> bool {
        let slack = (self.range.1 - self.range.0) * 1e-9;
        (self.range.0 - slack..=self.range.1 + slack).contains(&value)
    }

    /// A value as text.
    pub fn show(&self, value: f64) -> String {
        match &self.unit {
            Unit::Nanos if value == 0.0 => "0".to_string(),
            Unit::Nanos => nanos(value),
            Unit::Share => format!("{} %", short(value * 100.0)),
            Unit::Bytes => memory(value),
            Unit::PerSecond => rate(value).replace(".00 ", " ").replace(".0 ", " "),
            Unit::Percentile if value <= 1.0 => "0".to_string(),
            Unit::Percentile => percentile(value),
            Unit::Number if value.abs() >= 1_000.0 => fixed(value, 0),
            Unit::Number if value.fract() == 0.0 => fixed(value, 0),
            Unit::Number => three(value).trim_end_matches('0').trim_end_matches('.').to_string(),
            Unit::Names(names) => {
                names.get(value.round() as usize).map_or(String::new(), |name| clip(name, 22))
            }
        }
    }
}

/// `1 / (1 - p)` as a percentile: `99.9 %`.
fn percentile(inverse: f64) -> String {
    let nines = inverse.log10().round() as usize;
    format!("{:.*} %", nines.saturating_sub(2), 100.0 - 100.0 / inverse)
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

fn every(count: usize, most: usize) -> Vec<f64> {
    let stride = count.div_ceil(most.max(1)).max(1);
    (0..count).step_by(stride).map(|index| index as f64).collect()
}

/// Times that people name.
const TIMES: [f64; 22] = [
    1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 6e10, 6e11, 3.6e12, 1.44e13, 8.64e13, 6.048e14,
    2.592e15, 3.1536e16, 3.1536e17, 3.1536e18, 3.1536e19,
];

/// Steps that an axis of time may have: in seconds, minutes, hours and days.
fn time_step(span: f64, most: usize) -> f64 {
    const STEPS: [f64; 26] = [
        1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 5e9, 1e10, 3e10, 6e10, 3e11, 6e11, 1.2e12,
        1.8e12, 3.6e12, 7.2e12, 1.44e13, 2.16e13, 4.32e13, 8.64e13, 1.728e14, 6.048e14,
    ];
    let wanted = span / most as f64;
    STEPS.into_iter().find(|step| *step >= wanted).unwrap_or(round_step(span, most))
}

fn byte_step(span: f64, most: usize) -> f64 {
    let wanted = span / most as f64;
    2_f64.powi(wanted.max(1.0).log2().ceil() as i32)
}

fn round_step(span: f64, most: usize) -> f64 {
    let wanted = (span / most as f64).max(f64::MIN_POSITIVE);
    let decade = 10_f64.powf(wanted.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * decade >= wanted).unwrap_or(10.0);
    factor * decade
}

fn steps(range: (f64, f64), step: &f64) -> Vec<f64> {
    let first = (range.0 / step).ceil() as i64;
    let last = (range.1 / step).floor() as i64;
    (first..=last.min(first + 200)).map(|index| index as f64 * step).collect()
}

/// Powers of ten; between them 2 and 5 where there are few.
fn decades(range: (f64, f64)) -> Vec<f64> {
    let (first, last) = (range.0.log10().floor() as i32, range.1.log10().ceil() as i32);
    let factors: &[f64] = if last - first <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    (first..=last)
        .flat_map(|decade| factors.iter().map(move |factor| factor * 10_f64.powi(decade)))
        // The next float to 0.001, not the product of 1 and a power that misses it.
        .map(|tick| format!("{tick:e}").parse().unwrap_or(tick))
        .collect()
}

fn byte_ticks() -> Vec<f64> {
    (0..5).flat_map(|power| [1.0, 16.0, 128.0].map(|factor| factor * 1024_f64.powi(power))).collect()
}

/// The axis as plotters wants it.
#[derive(Clone)]
pub(super) struct Coordinate {
    pub(super) axis: Axis,
    pub(super) most: usize,
}

impl Ranged for Coordinate {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let length = f64::from(limit.1 - limit.0);
        limit.0 + (self.axis.place(*value) * length).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.axis.ticks(self.most)
    }

    fn range(&self) -> Range<f64> {
        self.axis.range.0..self.axis.range.1
    }
}

impl ValueFormatter<f64> for Coordinate {
    fn format_ext(&self, value: &f64) -> String {
        self.axis.show(*value)
    }
}
