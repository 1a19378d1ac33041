//! Tidy tables in the shapes that dashboards ask for, each row a value beside what it should be: [numbers over time](over_time), the same
//! [by dimension](by_dimension), [funnels](funnel), and [cohorts].
//!
//! Every row names the strategy and the table that it is of, so that those of several, live and stable, lie beneath each other. What each column means is
//! published with them: [`schema_json`], [`schema_markdown`]. The same counts make the same bytes, in CSV and in Parquet.
//!
//! A triangle of retention is that of 28 days of patterns: weeks 1 to 3 of each day's newcomers, with week 0, in which all of them are there.
//! Cohorts of a week are the sums of `retained` and `cohort` over its days, for no profile is new on two of them.

mod columns;
mod csv;
mod parquet;
mod rows;
mod schema;
#[cfg(test)]
mod tests;

pub use columns::Table;
pub use rows::{Seen, SeenNumber, all, by_dimension, cohorts, funnel, over_time};
pub use schema::{Column, Schema, Type, schema_json, schema_markdown, schemas};
