//! DuckDB, by its command line.

use super::*;
use crate::duckdb::{run, run_in};

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
        // It is the first statement of the day but one that fails: what comes before it writes nothing.
        assert!(day[0].starts_with("DROP TABLE IF EXISTS temp.") && day[1].contains("TEMP TABLE"), "{day:?}");
        assert!(run(&[make(), before, day[..2].to_vec()].concat()).unwrap().is_err());
    }
}

#[test]
fn days_with_a_gap_are_an_error_in_duckdb() {
    let before = [make(), with_a_gap(Dialect::Duckdb)].concat();
    let Some(said) = run(&before) else { return };
    let complaint = said.unwrap_err();
    assert!(complaint.contains(GAP), "{complaint}");
}

/// DuckDB's command line goes on after an error where it reads statements from its input.
#[test]
fn a_day_that_cannot_be_made_leaves_all_as_it_was_in_duckdb_that_goes_on_after_errors() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pings.db");
    let at = |options: &[&str], statements: &[String]| run_in(file.to_str().unwrap(), options, statements);
    let script = |query: &Query| -> Vec<String> {
        let all = [session(Dialect::Duckdb), day(Dialect::Duckdb, query).unwrap()].concat();
        all.into_iter().map(|statement| statement.sql).collect()
    };
    let of = |day: u32| query(first_day().plus(day), History::Incremental, Newcomers::ByPing);
    let made: Vec<String> =
        tables(Dialect::Duckdb, &of(0)).unwrap().into_iter().map(|statement| statement.sql).collect();
    let first = [make(), made, script(&of(0)), script(&of(1))].concat();
    let Some(said) = at(&["-bail"], &first) else { return };
    said.unwrap();
    let held = || {
        let dimensions = vec!["SELECT * FROM by_dimension".to_string()];
        let asked = [session_sql(), asked(Dialect::Duckdb)[..4].to_vec(), dimensions].concat();
        let said = at(&["-bail"], &asked).unwrap().unwrap();
        let mut rows: Vec<String> = said.lines().map(str::to_string).collect();
        rows.sort();
        rows
    };
    let before = held();
    let with = |change: fn(&mut Query), number| {
        let mut query = of(number);
        change(&mut query);
        script(&query)
    };
    for (bad, said) in [
        // A day that is there once more, and the next: raw rows lack the client, the type, or a dimension; a table lacks it.
        (with(|query| query.columns.client = "nowhere".parse().unwrap(), 1), "nowhere"),
        (with(|query| query.columns.client = "nowhere".parse().unwrap(), 2), "nowhere"),
        (with(|query| query.columns.kind = "nowhere".parse().unwrap(), 1), "nowhere"),
        (with(|query| query.columns.dimensions.push("type".parse().unwrap()), 1), "type"),
        // The day before is missing.
        (script(&of(3)), "days have a gap"),
    ] {
        let complaint = at(&[], &bad).unwrap().unwrap_err();
        assert!(complaint.contains(said), "{complaint}");
        assert!(before == held(), "{said}: other rows");
    }
    at(&[], &script(&of(1))).unwrap().unwrap();
    assert!(before == held(), "the same day once more");
    at(&[], &script(&of(2))).unwrap().unwrap();
    assert!(before != held(), "a day more");
}

fn session_sql() -> Vec<String> {
    session(Dialect::Duckdb).into_iter().map(|statement| statement.sql).collect()
}
