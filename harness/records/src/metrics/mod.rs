//! What is measured: the one list of metrics that tables, CSV, tidy data, comparisons and gates go through.
//!
//! A new metric is a field of the record, whatever measures it, and an entry in [`ALL`]: its name, what it counts, what it is
//! a share of, how it is read, which way is better, and how exact it is.

mod counts;
mod list;
mod memory;
mod speed;
mod times;

pub use counts::*;
pub use list::ALL;
pub use memory::*;
pub use speed::*;
pub use times::*;

use crate::record::{CellResult, Latency, Pass, TimeFigures, VerifyFigures, WeighFigures};

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name in records, data and metrics, with its unit: `missed_count`.
    pub name: &'static str,
    /// What it is, in words.
    pub title: &'static str,
    /// What its number counts.
    pub quantity: Quantity,
    /// What it is a share of.
    pub of: Option<&'static Metric>,
    /// Which way is better.
    pub better: Better,
    /// How far a later run on the same stream may be off; none where machines differ, so that no exact gate holds it.
    pub tolerance: Option<Tolerance>,
    /// How it is got from a record.
    pub reading: Reading,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Things.
    Count,
    /// Things a second.
    Rate,
    /// Nanoseconds.
    Time,
    /// Bytes.
    Bytes,
    /// Bytes for each id.
    BytesPerId,
}

/// Which of two values is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The smaller.
    Less,
    /// The larger.
    More,
    /// Neither: it says what was measured, not how well.
    Neither,
}

impl Better {
    /// Whether `one` is better than `other`.
    pub fn prefers(self, one: f64, other: f64) -> bool {
        match self {
            Better::Less => one < other,
            Better::More => one > other,
            Better::Neither => false,
        }
    }
}

/// How far a metric that is the same on every machine may be off, upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// Not at all.
    Exact,
    /// This share, in parts per million: a server's bytes depend on its allocator's state.
    Share {
        /// Parts per million.
        ppm: u64,
    },
    /// Bytes of the process itself, which are counted call by call: what the harness's own buffers add or not. Beside a
    /// server they are not held at all, because there they are buffers whose size depends on how replies happen to arrive.
    OwnBytes {
        /// Parts per million.
        ppm: u64,
        /// Or so many bytes, where that is more.
        bytes: u64,
    },
}

impl Tolerance {
    /// In parts per million of `value`, which was read from `result`; none where it is not held.
    pub fn ppm(self, value: u64, result: &CellResult) -> Option<u64> {
        match self {
            Tolerance::Exact => Some(0),
            Tolerance::Share { ppm } => Some(ppm),
            Tolerance::OwnBytes { ppm, bytes } => match result {
                CellResult::Weigh(figures) if figures.server_used_bytes.is_some() => None,
                _ => Some(ppm.max(bytes * 1_000_000 / value.max(1))),
            },
        }
    }
}

/// How a metric is got from a record, and so what it is over several rounds.
#[derive(Clone, Copy, Debug)]
pub enum Reading {
    /// A count of the verify pass; rounds add up. None where it was not counted.
    Count(fn(&VerifyFigures) -> Option<u64>),
    /// Of the time pass; the median of rounds.
    Speed(fn(&TimeFigures) -> Option<f64>),
    /// Of the weigh pass; the median of rounds.
    Memory(fn(&WeighFigures) -> Option<f64>),
    /// A percentile of a distribution; rounds are merged.
    Times(Times, fn(&Latency) -> u64),
}

/// Which distribution of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// From arrival to release, of strategies that hold pings.
    Held,
    /// From arrival to the decision, of pings that came again before they were decided.
    Waited,
    /// From the moment at which a ping was due.
    Latency,
    /// From the call.
    Service,
    /// What matters to whoever waits: `Held` of strategies that hold pings, `Latency` of others.
    Waiting,
}

impl Times {
    /// The distribution in a cell; none of [`Times::Waiting`], which takes both passes to tell.
    pub fn of(self, result: &CellResult) -> Option<&Latency> {
        match (self, result) {
            (Times::Held, CellResult::Verify(figures)) => figures.held_ns.as_ref(),
            (Times::Waited, CellResult::Verify(figures)) => figures.waited_ns.as_ref(),
            (Times::Latency, CellResult::Time(figures)) => Some(&figures.latency_ns),
            (Times::Service, CellResult::Time(figures)) => Some(&figures.service_ns),
            _ => None,
        }
    }
}

impl Metric {
    /// The metric of this name.
    pub fn named(name: &str) -> Option<&'static Metric> {
        ALL.iter().copied().find(|metric| metric.name == name)
    }

    /// Its value in one cell; none where that cell does not have it.
    pub fn of_cell(&self, result: &CellResult) -> Option<f64> {
        match (self.reading, result) {
            (Reading::Count(count), CellResult::Verify(figures)) => count(figures).map(|count| count as f64),
            (Reading::Speed(speed), CellResult::Time(figures)) => speed(figures),
            (Reading::Memory(memory), CellResult::Weigh(figures)) => memory(figures),
            (Reading::Times(times, percentile), _) => times.of(result).map(|times| percentile(times) as f64),
            _ => None,
        }
    }

    /// A count added up over rounds; none where it is no count, or was not counted in every one.
    pub fn sum<'a>(&self, rounds: impl Iterator<Item = &'a VerifyFigures>) -> Option<u64> {
        match self.reading {
            Reading::Count(count) => rounds.map(count).sum(),
            Reading::Speed(_) | Reading::Memory(_) | Reading::Times(..) => None,
        }
    }

    /// Of how many cases it is a share, or a percentile, in one cell.
    pub fn cases_of_cell(&self, result: &CellResult) -> Option<u64> {
        match self.reading {
            Reading::Times(times, _) => times.of(result).map(|times| times.count),
            _ => self.of?.of_cell(result).map(|cases| cases as u64),
        }
    }

    /// Whether it is about right and wrong answers: what an exact gate holds of the verify pass.
    pub fn is_about_correctness(&self) -> bool {
        self.tolerance.is_some() && self.pass() == Pass::Verify
    }

    /// Whether the same stream and seed give the same number on every machine.
    pub fn is_count(&self) -> bool {
        matches!(self.reading, Reading::Count(_))
    }

    fn pass(&self) -> Pass {
        match self.reading {
            Reading::Count(_) | Reading::Times(Times::Held | Times::Waited, _) => Pass::Verify,
            Reading::Speed(_) | Reading::Times(..) => Pass::Time,
            Reading::Memory(_) => Pass::Weigh,
        }
    }
}

impl PartialEq for Metric {
    fn eq(&self, other: &Metric) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::record::sample;

    #[test]
    fn every_metric_has_a_name_of_its_own_and_is_a_share_of_one_in_the_list() {
        let names: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert!(metric.of.is_none_or(|of| ALL.contains(&of)), "{}", metric.name);
            assert!(metric.tolerance.is_none() || metric.better == Better::Less, "{}", metric.name);
        }
    }

    /// So that nobody adds a number to the record and forgets the list.
    #[test]
    fn every_number_of_a_record_is_in_the_list() {
        // How much was measured, and not what.
        let known = ["virtual_ns", "ids_in_window_count", "judged_count"];
        for cell in sample::exact().into_iter().chain(sample::run().cells) {
            let result = serde_json::to_value(&cell.result).unwrap();
            let figures = result.as_object().unwrap().values().next().unwrap();
            for (name, value) in figures.as_object().into_iter().flatten() {
                let listed = Metric::named(name).is_some() || known.contains(&name.as_str());
                assert!(!value.is_number() || listed, "{name} is in records and not in metrics::ALL");
            }
        }
    }
}
