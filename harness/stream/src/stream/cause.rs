//! A cause of repeats at work, and the delays that it draws.

use dedup_strategies::time::saturating_nanos;

use super::pending::{Family, Series};
use super::pick::Picker;
use super::random::{Generator, generator, uniform};
use crate::scenario::{Identity, Lag, LagFrom, Repeat};

/// A cause at work.
#[derive(Debug)]
pub(super) struct Cause {
    pub(super) repeat: Repeat,
    pub(super) picker: Picker,
    generator: Generator,
}

/// Event times before arrival.
#[derive(Debug)]
pub(super) struct Skew {
    lag: Lag,
    generator: Generator,
}

impl Cause {
    pub(super) fn new(repeat: &Repeat, start: u64, seed: u64) -> Self {
        let between =
            repeat.between_ns.map(|(from, to)| (start.saturating_add(from), start.saturating_add(to)));
        let part = format!("repeat {}", repeat.cause);
        Cause {
            repeat: repeat.clone(),
            picker: Picker::new(repeat.pick, between, generator(seed, &part, "pick")),
            generator: generator(seed, &part, "copies"),
        }
    }

    /// The same, which by a share picks none of the first arrivals at the start.
    pub(super) fn sparing(self, at_start: u64) -> Self {
        Cause { picker: self.picker.sparing(at_start), ..self }
    }

    /// The copies of a ping that this cause, the scenario's `index`-th, has picked.
    pub(super) fn series(&mut self, index: usize) -> Series {
        Series {
            family: 0,
            cause: u8::try_from(index).expect("a scenario has at most 254 causes"),
            true_copies: self.repeat.identity == Identity::Same,
            step: 0,
            left: self.repeat.copies.quantile(uniform(&mut self.generator)),
            tail: 1.0,
        }
    }

    /// The lag of the copy that the series has come to, after what its lags are counted from.
    pub(super) fn lag(&mut self, series: &mut Series) -> u64 {
        let u = match self.repeat.from {
            LagFrom::Previous => uniform(&mut self.generator),
            // The lags of all copies in ascending order, one at a time: the least of `left` draws above those before.
            LagFrom::First => {
                let draw = 1.0 - uniform(&mut self.generator);
                series.tail *=
                    if series.left == 1 { draw } else { libm::pow(draw, 1.0 / f64::from(series.left)) };
                1.0 - series.tail
            }
        };
        saturating_nanos(self.repeat.lag.quantile(u, series.step))
    }

    /// When the copy after the one that came `now` is due, if there is one.
    pub(super) fn following(&mut self, series: &mut Series, family: &Family, now: u64) -> Option<u64> {
        series.left -= 1;
        if series.left == 0 {
            return None;
        }
        series.step += 1;
        let from = match self.repeat.from {
            LagFrom::First => family.first_at,
            LagFrom::Previous => now,
        };
        Some(from.saturating_add(self.lag(series)))
    }
}

impl Skew {
    pub(super) fn new(lag: &Lag, seed: u64) -> Self {
        Skew { lag: lag.clone(), generator: generator(seed, "event time", "skew") }
    }

    /// The event time of a ping that arrives at `at`.
    pub(super) fn before(&mut self, at: u64) -> u64 {
        at.saturating_sub(saturating_nanos(self.lag.quantile(uniform(&mut self.generator), 0)))
    }
}
