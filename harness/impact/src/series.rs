//! A number over the days of a table: what a record keeps, and what every page is made from.

use crate::interval::{Compared, Error};
use crate::numbers::Number;

/// How long an error is visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visible {
    /// Days in a row.
    pub days: u32,
    /// Whether the last day is among them, so that nobody knows how much longer it would have been seen.
    pub is_cut_off: bool,
}

/// A number of a cell, day by day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Which number.
    pub number: Number,
    /// From the first day on; none on days on which there is none yet.
    pub days: Vec<Option<Compared>>,
}

impl Series {
    /// The number of a day.
    pub fn of_day(&self, day: u32) -> Option<Compared> {
        self.days.get(day as usize).copied().flatten()
    }

    /// How wrong it is on a day.
    pub fn error_of_day(&self, day: u32) -> Option<Error> {
        self.of_day(day)?.error()
    }

    /// Over all days on which there is one: counts and that of which they are, added up.
    pub fn whole(&self) -> Option<Compared> {
        let sum = self.days.iter().flatten().copied().reduce(Compared::plus);
        let is_window = matches!(self.number, Number::Wau | Number::Mau);
        let overlap = if is_window { self.number.window_days() } else { 1 };
        sum.map(|sum| Compared { weight: sum.weight.max(1) * overlap.min(self.days.len() as u32), ..sum })
    }

    /// The day on which it is most wrong, as a share; the first of equal ones, and none where nothing is wrong.
    pub fn worst_day(&self) -> Option<(u32, Error)> {
        worst((0..).zip(&self.days).map(|(day, compared)| (day, *compared)))
    }

    /// How long an error is visible: days in a row, the worst among them, on which the number is wrong by at least half as
    /// much, as a share, as on the worst; none where nothing is wrong.
    pub fn visible(&self) -> Option<Visible> {
        let (worst, error) = self.worst_day()?;
        let is_visible = |day: &u32| {
            self.error_of_day(*day).is_some_and(|other| other.relative.abs() >= error.relative.abs() / 2.0)
        };
        let last = self.days.len() as u32;
        let after = (worst..last).take_while(is_visible).count() as u32;
        let before = (0..worst).rev().take_while(is_visible).count() as u32;
        Some(Visible { days: before + after, is_cut_off: worst + after == last })
    }
}

/// The most wrong of them, as a share; the first of equal ones, and none where nothing is wrong.
pub fn worst<T>(all: impl Iterator<Item = (T, Option<Compared>)>) -> Option<(T, Error)> {
    let errors = all.filter_map(|(of, compared)| Some((of, compared?.error()?)));
    errors
        .filter(|(_, error)| error.relative != 0.0)
        .reduce(|worst, other| if other.1.relative.abs() > worst.1.relative.abs() { other } else { worst })
}
