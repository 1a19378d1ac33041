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
fn patterns_that_are_none_are_an_error_in_duckdb_before_anything_is_written() {
    let (many, text) = ("268435456", "'1'");
    for (kind, value, said) in
        [("BIGINT", many, NO_PATTERN), ("BIGINT", "-1", NO_PATTERN), ("VARCHAR", text, "days_seen_bits")]
    {
        let [before, day] = with_no_pattern(Dialect::Duckdb, kind, value);
        let Some(fails) = run(&[make(), before.clone(), day.clone()].concat()) else { return };
        let complaint = fails.unwrap_err();
        assert!(complaint.contains(said) || complaint.contains("'&(VARCHAR"), "{kind} {value}: {complaint}");
        // It is the first statement of the day that fails: what comes before it writes nothing.
        assert!(
            day[0].starts_with("SELECT ")
                && run(&[make(), before, vec![day[0].clone()]].concat()).unwrap().is_err()
        );
    }
}

#[test]
fn days_with_a_gap_are_an_error_in_duckdb() {
    let before = [make(), with_a_gap(Dialect::Duckdb)].concat();
    let Some(said) = run(&before) else { return };
    let complaint = said.unwrap_err();
    assert!(complaint.contains(GAP), "{complaint}");
}
