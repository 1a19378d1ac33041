//! The engines that cannot be had here: read by a parser of their dialect, translated to DuckDB's, and run there.

use super::{duckdb, python};
use crate::tool::Tool;

const TRANSLATOR: &str = include_str!("to_duckdb.py");

fn answers_as_our_reader_does(dialect: &str) {
    if !duckdb::is_there() || !python::has("sqlglot") {
        return;
    }
    let tool = Tool::new();
    let asked = duckdb::asked(&tool, dialect);
    let script = format!("DIALECT = {dialect:?}\n{TRANSLATOR}");
    let translated: Vec<String> = python::answers(&script, &asked);
    assert_eq!(translated.len(), asked.len());
    for (asked, translated) in asked.iter().zip(translated) {
        let query: String = serde_json::from_str(&translated[1..]).unwrap();
        asked.is_answered_by(&tool, duckdb::answer(&asked.csv, &query).trim());
    }
}

#[test]
fn bigquery_answers_as_our_reader_does_once_translated() {
    answers_as_our_reader_does("bigquery");
}

#[test]
fn snowflake_answers_as_our_reader_does_once_translated() {
    answers_as_our_reader_does("snowflake");
}

#[test]
fn redshift_answers_as_our_reader_does_once_translated() {
    answers_as_our_reader_does("redshift");
}
