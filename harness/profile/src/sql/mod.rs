//! The profile as one query, for the engine where the data is.
//!
//! What the query asks is the same for all engines; each has a file of its own for what it says in another way. Times are
//! whole microseconds and bins have whole bounds, so that engines which round in different ways count alike.
//!
//! ```text
//! table -> given -> pings -> seen, ids -> lags, copies, hours, windows, doubts -> one line of JSON
//! ```

mod answer;
mod counts;
mod dialect;
mod dialects;
mod doubts;
mod lags;
mod query;
mod rows;
#[cfg(test)]
mod tests;
mod windows;

pub use dialect::{Checked, Dialect, Quotes};
pub use query::{Query, TimeColumn};

use dialects::{bigquery, clickhouse, duckdb, postgres, redshift, snowflake, spark};

/// Every engine that a query can be for.
pub static DIALECTS: [&dyn Dialect; 7] = [
    &bigquery::Bigquery,
    &snowflake::Snowflake,
    &redshift::Redshift,
    &spark::Spark,
    &clickhouse::Clickhouse,
    &duckdb::Duckdb,
    &postgres::Postgres,
];
