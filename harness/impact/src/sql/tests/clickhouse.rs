//! ClickHouse, in a process of its own, by its Python package.

use super::*;

const SCRIPT: &str = r#"
import json
import sys

from chdb import session

clickhouse = session.Session()
for statement in json.load(sys.stdin):
    print(str(clickhouse.query(statement, "JSONEachRow")).strip(), flush=True)
"#;

fn run(statements: &[String]) -> Option<Result<String, String>> {
    let input = serde_json::to_string(statements).unwrap();
    python::has("chdb").then(|| python::run(&["-c", SCRIPT], &input))
}

fn make() -> Vec<String> {
    let types = ["DateTime64(6, 'UTC')", "Nullable(UUID)", "Nullable(String)"];
    let mut all = vec!["CREATE DATABASE impact".to_string(), "USE impact".to_string()];
    all.extend(make_raw(types, Dialect::Clickhouse, " ENGINE = MergeTree ORDER BY submission_timestamp"));
    all
}

#[test]
fn clickhouse_has_what_rust_counts() {
    if let Some(said) = run(&[make(), all_days(Dialect::Clickhouse)].concat()) {
        are_as_expected(&said.unwrap(), "ClickHouse");
    }
}

#[test]
fn patterns_that_are_none_are_an_error_in_clickhouse_before_anything_is_written() {
    for (kind, value, said) in [("Int64", "268435456", NO_PATTERN), ("String", "'1'", "bitAnd")] {
        let [before, day] = with_no_pattern(Dialect::Clickhouse, kind, value);
        let Some(fails) = run(&[make(), before, vec![day[0].clone()]].concat()) else { return };
        let complaint = fails.unwrap_err();
        assert!(complaint.contains(said), "{kind} {value}: {complaint}");
    }
}

#[test]
fn days_with_a_gap_are_an_error_in_clickhouse() {
    let Some(said) = run(&[make(), with_a_gap(Dialect::Clickhouse)].concat()) else { return };
    let complaint = said.unwrap_err();
    assert!(complaint.contains(GAP), "{complaint}");
}
