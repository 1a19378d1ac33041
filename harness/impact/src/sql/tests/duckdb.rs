//! DuckDB, by its command line.

use super::*;
use crate::duckdb::run;

pub(super) fn make() -> Vec<String> {
    let types = ["TIMESTAMPTZ", "UUID", "VARCHAR"];
    let utc = vec!["SET TimeZone = 'UTC'".to_string()];
    [utc, make_raw(types, Dialect::Duckdb, "")].concat()
}

#[test]
fn duckdb_has_what_rust_counts() {
    if let Some(said) = run(&[make(), all_days(Dialect::Duckdb)].concat()) {
        are_as_expected(&said.unwrap(), "DuckDB");
    }
}

#[test]
fn days_with_a_gap_are_an_error_in_duckdb() {
    let before = [make(), with_a_gap(Dialect::Duckdb)].concat();
    let Some(said) = run(&before) else { return };
    let complaint = said.unwrap_err();
    assert!(complaint.contains(GAP), "{complaint}");
}
