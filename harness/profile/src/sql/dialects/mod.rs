//! One file for each engine.

mod bigquery;
mod clickhouse;
mod duckdb;
mod postgres;
mod redshift;
mod snowflake;
mod spark;

use super::dialect::Dialect;

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
