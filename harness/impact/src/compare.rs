//! A table against the truth.

use crate::clients::ClientSet;
use crate::counts::{Count, Counts};
use crate::interval::{Compared, Difference, Error, Measured};
use crate::numbers::Number;
use crate::pattern::metric_date_ago;
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

    /// A number over all days on which there is one: counts and that of which they are, added up.
    pub fn whole(&self, number: Number, cell: Cell) -> Option<Compared> {
        let days = (0..self.shape().days).filter_map(|day| self.of_day(number, day, cell));
        let sum = days.reduce(|sum, day| Compared {
            truth: sum.truth.plus(day.truth),
            seen: sum.seen.plus(day.seen),
            count: sum.count.plus(day.count),
            of: sum.of.plus(day.of),
            weight: 1,
        });
        let overlap = if matches!(number, Number::Wau | Number::Mau) { number.window_days() } else { 1 };
        sum.map(|sum| Compared { weight: overlap.min(self.shape().days), ..sum })
    }

    /// The day on which it is most wrong, as a share; the first of equal ones, and none where nothing is wrong.
    pub fn worst_day(&self, number: Number, cell: Cell) -> Option<(u32, Error)> {
        worst((0..self.shape().days).map(|day| (day, self.of_day(number, day, cell))))
    }

    /// The value of a dimension for which it is most wrong over all days, as a share.
    pub fn worst_cell(&self, number: Number) -> Option<(Cell, Error)> {
        let cells = self.shape().cells().filter(|cell| *cell != Cell::All);
        worst(cells.map(|cell| (cell, self.whole(number, cell))))
    }

    /// How long an error is visible: days in a row, the worst among them, on which the number is wrong by at least half as
    /// much, as a share, as on the worst.
    pub fn visible_days(&self, number: Number, cell: Cell) -> u32 {
        let Some((worst, error)) = self.worst_day(number, cell) else { return 0 };
        let is_visible = |day: &u32| {
            let error_of_day = self.of_day(number, *day, cell).and_then(|compared| compared.error());
            error_of_day.is_some_and(|other| other.relative.abs() >= error.relative.abs() / 2.0)
        };
        let after = (worst..self.shape().days).take_while(is_visible).count();
        (after + (0..worst).rev().take_while(is_visible).count()) as u32
    }
}

fn worst<T>(all: impl Iterator<Item = (T, Option<Compared>)>) -> Option<(T, Error)> {
    let errors = all.filter_map(|(of, compared)| Some((of, compared?.error()?)));
    errors
        .filter(|(_, error)| error.relative != 0.0)
        .reduce(|worst, other| if other.1.relative.abs() > worst.1.relative.abs() { other } else { worst })
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
