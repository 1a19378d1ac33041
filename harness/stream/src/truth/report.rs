//! The score, by cause, by lag and over time.

use dedup_strategies::time::saturating_nanos;

use super::{LAG_BOUNDS, Truth};

/// What duplicates are called that are born in the pipeline. A scenario's own cause of that name is counted with them.
pub const REDELIVERY: &str = "redelivery";

/// Duplicates of one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CauseTally {
    /// Its name in the scenario.
    pub cause: String,
    /// Copies.
    pub duplicates: u64,
    /// Copies delivered.
    pub missed: u64,
}

/// Duplicates of one range of lags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagTally {
    /// Lags up to this, in nanoseconds (and above the one before); none for the rest.
    pub up_to_ns: Option<u64>,
    /// Copies.
    pub duplicates: u64,
    /// Copies delivered.
    pub missed: u64,
}

/// Counts over virtual time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverTime {
    /// Length of a slice, in nanoseconds.
    pub slice_ns: u64,
    /// Pings that arrived in each.
    pub pings: Vec<u64>,
    /// Missed duplicates in each.
    pub missed: Vec<u64>,
    /// Unique pings whose first copy was dropped in each.
    pub dropped_first: Vec<u64>,
}

impl Truth {
    /// Copies beyond the first: those that arrived, and those born in the pipeline.
    pub fn duplicates(&self) -> u64 {
        self.counts.pings - self.counts.uniques + self.redelivery.duplicates
    }

    /// Largest number of distinct ids in a window.
    pub fn ids_in_window(&self) -> u64 {
        self.load.peak()
    }

    /// Duplicates by cause; `first` only where a first copy was delivered second.
    pub fn by_cause(&self, names: &[String]) -> Vec<CauseTally> {
        let mut tallies = self.every_cause(names);
        tallies.retain(|tally| tally.duplicates + tally.missed > 0);
        tallies
    }

    /// The same, with causes that brought none.
    pub fn every_cause(&self, names: &[String]) -> Vec<CauseTally> {
        let mut tallies: Vec<CauseTally> = Vec::new();
        let own = names.iter().map(String::as_str).zip(&self.causes);
        for (cause, tally) in own.chain([(REDELIVERY, &self.redelivery)]) {
            match tallies.iter_mut().find(|other| other.cause == cause) {
                Some(other) => {
                    other.duplicates += tally.duplicates;
                    other.missed += tally.missed;
                }
                None => tallies.push(CauseTally {
                    cause: cause.to_string(),
                    duplicates: tally.duplicates,
                    missed: tally.missed,
                }),
            }
        }
        tallies
    }

    /// Duplicates by lag, ranges without any left out.
    pub fn by_lag(&self) -> Vec<LagTally> {
        let bounds = LAG_BOUNDS.iter().map(|bound| Some(saturating_nanos(*bound))).chain([None]);
        let tallies = bounds.zip(&self.lags).map(|(up_to_ns, tally)| LagTally {
            up_to_ns,
            duplicates: tally.duplicates,
            missed: tally.missed,
        });
        tallies.filter(|tally| tally.duplicates > 0).collect()
    }

    /// Counts over time, every series of the same length.
    pub fn over_time(&self) -> OverTime {
        let mut over_time = self.over_time.clone();
        let slices = over_time.pings.len();
        let slices = slices.max(over_time.missed.len()).max(over_time.dropped_first.len());
        for series in [&mut over_time.pings, &mut over_time.missed, &mut over_time.dropped_first] {
            series.resize(slices, 0);
        }
        over_time
    }
}
