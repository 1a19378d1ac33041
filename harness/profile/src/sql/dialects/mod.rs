//! One file for each engine.

pub(super) mod bigquery;
pub(super) mod clickhouse;
pub(super) mod duckdb;
pub(super) mod postgres;
pub(super) mod redshift;
pub(super) mod snowflake;
pub(super) mod spark;
