//! A table against the truth.

use crate::clients::ClientSet;
use crate::counts::{Count, Counts};
use crate::interval::{Compared, Difference, Error, Measured};
use crate::numbers::Number;
use crate::pattern::metric_date_ago;
use crate::series::{Series, worst};
use crate::shape::{Cell, Shape};

/// Tables are counted by different shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tables are counted by different days, clients, dimensions or steps")]
pub struct Unlike;

/// A table against the truth.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    truth: &'a Counts,
    seen: &'a Counts,
}

impl<'a> Comparison<'a> {
    /// Of tables that are counted by the same shape.
    pub fn new(truth: &'a Counts, seen: &'a Counts) -> Result<Comparison<'a>, Unlike> {
        if truth.shape() == seen.shape() { Ok(Comparison { truth, seen }) } else { Err(Unlike) }
    }

    /// By what they are counted.
    pub fn shape(&self) -> &'a Shape {
        self.truth.shape()
    }

    /// A number of a day; none on days on which there is none yet.
    pub fn of_day(&self, number: Number, day: u32, cell: Cell) -> Option<Compared> {
        let tallies = [self.truth.tally(cell, day), self.seen.tally(cell, day)];
        let active = |days| [self.truth, self.seen].map(|table| table.active_in(cell, day, days));
        Some(match number {
            Number::Pings => counted(tallies.map(|tally| tally.pings)),
            Number::Sessions => counted(tallies.map(|tally| tally.sessions)),
            Number::Crashes => counted(tallies.map(|tally| tally.crashes)),
            Number::CrashRate => over(counted(tallies.map(|tally| tally.crashes)), distinct(&active(1))),
            Number::Dau | Number::Wau | Number::Mau => distinct(&active(number.window_days())),
            Number::NewProfiles => distinct(&[self.truth, self.seen].map(|table| table.new_on(cell, day))),
            Number::Retention(week) => self.retention(week, day, cell)?,
            Number::Step(step) => {
                let of = |step| counted([self.truth, self.seen].map(|table| table.step(cell, day, step)));
                over(of(step), of(step.checked_sub(1)?))
            }
        })
    }

    fn retention(&self, week: u32, day: u32, cell: Cell) -> Option<Compared> {
        let on = day.checked_sub(metric_date_ago(week)?)?;
        let cohorts = [self.truth, self.seen].map(|table| table.new_on(cell, on));
        let mut kept = [ClientSet::default(), ClientSet::default()];
        for ((kept, cohort), table) in kept.iter_mut().zip(&cohorts).zip([self.truth, self.seen]) {
            // Who has changed its value since is still there.
            let active = table.active_in(Cell::All, day, 7);
            let retained = cohort.iter().filter(|client| active.has(*client));
            retained.for_each(|client| kept.insert(client, self.shape().clients));
        }
        Some(over(distinct(&kept), distinct(&cohorts)))
    }

    /// A number of a cell, day by day.
    pub fn series(&self, number: Number, cell: Cell) -> Series {
        Series { number, days: (0..self.shape().days).map(|day| self.of_day(number, day, cell)).collect() }
    }

    /// The value of a dimension for which a number is most wrong over all days, as a share.
    pub fn worst_cell(&self, number: Number) -> Option<(Cell, Error)> {
        let cells = self.shape().cells().filter(|cell| *cell != Cell::All);
        worst(cells.map(|cell| (cell, self.series(number, cell).whole())))
    }
}

fn counted([truth, seen]: [Count; 2]) -> Compared {
    let firsts = (truth.all - truth.again, seen.all - seen.again);
    let extra = |(truth, seen): (u64, u64)| seen.saturating_sub(truth);
    let missing = |(truth, seen): (u64, u64)| truth.saturating_sub(seen);
    let again = (truth.again, seen.again);
    Compared {
        truth: Measured { count: truth.all, of: None },
        seen: Measured { count: seen.all, of: None },
        count: Difference { extra: extra(firsts) + extra(again), missing: missing(firsts) + missing(again) },
        of: Difference::default(),
        weight: 1,
    }
}

fn distinct([truth, seen]: &[ClientSet; 2]) -> Compared {
    Compared {
        truth: Measured { count: truth.count(), of: None },
        seen: Measured { count: seen.count(), of: None },
        count: Difference { extra: seen.without(truth), missing: truth.without(seen) },
        of: Difference::default(),
        weight: 1,
    }
}

fn over(above: Compared, below: Compared) -> Compared {
    let quotient = |above: Measured, below: Measured| Measured { count: above.count, of: Some(below.count) };
    Compared {
        truth: quotient(above.truth, below.truth),
        seen: quotient(above.seen, below.seen),
        of: below.count,
        ..above
    }
}
