//! Engines that are not here: read by a parser of their dialect, translated to DuckDB's, and run there.

use super::*;

const TRANSLATOR: &str = include_str!("to_duckdb.py");

fn has_what_rust_counts(dialect: Dialect) {
    if !python::has("sqlglot") {
        return;
    }
    let input = serde_json::to_string(&all_days(dialect)).unwrap();
    let translated = python::run(&["-c", TRANSLATOR, dialect.name()], &input).unwrap();
    let mut statements: Vec<String> = serde_json::from_str(&translated).unwrap();
    // Spark's word, which the translator leaves as it is.
    statements.insert(0, "CREATE MACRO RAISE_ERROR(message) AS ERROR(message)".to_string());
    if let Some(said) = crate::duckdb::run(&[duckdb::make(), statements].concat()) {
        are_as_expected(&said.unwrap(), dialect.name());
    }
}

#[test]
fn bigquery_has_what_rust_counts_once_translated() {
    has_what_rust_counts(Dialect::Bigquery);
}

#[test]
fn spark_has_what_rust_counts_once_translated() {
    has_what_rust_counts(Dialect::Spark);
}
