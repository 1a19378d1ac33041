//! What duplicates and losses do to the numbers that people read.
//!
//! Pure data and formulas: no scenario, no strategy and no file is known here. Who has pings does this:
//!
//! 1. say by what is counted: a [`Shape`] (days, clients, dimensions with their values, steps of a funnel), the same for the
//!    truth and for each table that is held against it;
//! 2. fill a [`Counts`] for each table, ping by ping, with [`Counts::add`]: those of several pipelines are [merged](Counts::merge);
//! 3. hold a table against the truth: [`Comparison::new`], and of it a [`Series`] for each [`Number`] (all of them: [`numbers`])
//!    and each [`Cell`], which has the number of each day, of all days and of the worst, and how long that is visible;
//!    [`Compared::error`] is its relative error, with an interval;
//! 4. say it: [`sentence`]; and what was to be expected: [`predict`].
//!
//! Usage histories are apart: [`Pattern`], [`Patterns`] (a column of them), [`LastSeen`]; and as the queries of an engine: [`sql`].
//! What comparisons say is written as tables for dashboards: [`tidy`].

mod clients;
mod compare;
mod counts;
mod day;
#[cfg(test)]
mod duckdb;
mod interval;
mod last_seen;
mod numbers;
mod pattern;
pub mod predict;
mod said;
mod series;
mod shape;
pub mod sql;
#[cfg(test)]
mod tests;
pub mod tidy;

pub use clients::ClientSet;
pub use compare::{Comparison, Unlike};
pub use counts::{Count, Counts, Kind, Ping};
pub use day::Day;
pub use interval::{Compared, Difference, Error, Measured};
pub use last_seen::{Gap, LastSeen};
pub use numbers::{About, Number, numbers};
pub use pattern::{DAYS, Pattern, Patterns, PatternsError, TooManyDays};
pub use said::{Whole, percent, sentence};
pub use series::{Series, Visible, worst};
pub use shape::{Cell, Dimension, MOST_DAYS, MOST_STEPS, MOST_VALUES, Newcomers, Shape, ShapeError};
