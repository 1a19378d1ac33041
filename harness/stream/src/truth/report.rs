//! The score, as the record wants it.

use dedup_strategies::time::saturating_nanos;

use super::{LAG_BOUNDS, Truth};
use crate::record::{CauseFigures, LagFigures, OverTime};

/// What duplicates are called that are born in the pipeline. A scenario's own cause of that name is counted with them.
pub const REDELIVERY: &str = "redelivery";

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
    pub fn by_cause(&self, names: &[String]) -> Vec<CauseFigures> {
        let mut figures: Vec<CauseFigures> = Vec::new();
        let own = names.iter().map(String::as_str).zip(&self.causes);
        for (cause, tally) in own.chain([(REDELIVERY, &self.redelivery)]) {
            if tally.duplicates + tally.missed == 0 {
                continue;
            }
            match figures.iter_mut().find(|figures| figures.cause == cause) {
                Some(figures) => {
                    figures.duplicate_count += tally.duplicates;
                    figures.missed_count += tally.missed;
                }
                None => figures.push(CauseFigures {
                    cause: cause.to_string(),
                    duplicate_count: tally.duplicates,
                    missed_count: tally.missed,
                }),
            }
        }
        figures
    }

    /// Duplicates by lag, ranges without any left out.
    pub fn by_lag(&self) -> Vec<LagFigures> {
        let bounds = LAG_BOUNDS.iter().map(|bound| Some(saturating_nanos(*bound))).chain([None]);
        let figures = bounds.zip(&self.lags).map(|(up_to_ns, tally)| LagFigures {
            up_to_ns,
            duplicate_count: tally.duplicates,
            missed_count: tally.missed,
        });
        figures.filter(|figures| figures.duplicate_count > 0).collect()
    }

    /// Counts over time, every series of the same length.
    pub fn over_time(&self) -> OverTime {
        let mut over_time = self.over_time.clone();
        let slices = over_time.pings_count.len();
        let slices = slices.max(over_time.missed_count.len()).max(over_time.dropped_first_count.len());
        for series in
            [&mut over_time.pings_count, &mut over_time.missed_count, &mut over_time.dropped_first_count]
        {
            series.resize(slices, 0);
        }
        over_time
    }
}
