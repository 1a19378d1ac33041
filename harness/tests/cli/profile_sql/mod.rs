//! The profile as a query: every engine gives what our own reader gives of the same file.

mod cases;
mod clickhouse;
pub(crate) mod duckdb;
pub(crate) mod postgres;
pub(crate) mod python;
mod refused;
mod spark;
mod translated;

use std::path::PathBuf;

use serde_json::Value;

use self::cases::Case;
use crate::tool::Tool;

/// A file, the query over a table that holds it, and our own profile of it.
struct Asked {
    case: Case,
    csv: PathBuf,
    query: String,
    ours: Value,
}

impl Asked {
    /// Asks for the query in this dialect, over a table called `table`.
    fn new(tool: &Tool, case: Case, dialect: &str, table: &str) -> Asked {
        let csv = tool.write(&format!("{}.csv", case.name), &case.csv);
        let columns: Vec<&str> = case.options.clone();
        let emit = ["profile", "--emit-sql", dialect, "--table", table, "--name", "it's \"the\" \\table"];
        let query = tool.prints(&[&emit[..], &columns].concat());
        // Rows of a table have no order; ours are put into that of their times.
        let read = ["profile", csv.to_str().unwrap(), "--format", "json", "--sort", "--max-bad", "1"];
        let ours = match case.pings {
            0 => Value::Null,
            _ => serde_json::from_str(&tool.prints(&[&read[..], &columns].concat())).unwrap(),
        };
        Asked { case, csv, query, ours }
    }

    /// Sees that an engine's line is a profile that our reader takes, and equal to our own.
    fn is_answered_by(&self, tool: &Tool, line: &str) {
        let name = self.case.name;
        tool.write("answer.json", line);
        let text = tool.prints(&["profile", "answer.json"]);
        assert!(text.contains("made by a query") && text.contains("a table has no order"), "{name}: {text}");
        let theirs: Value = serde_json::from_str(line).unwrap();
        assert_eq!(theirs["name"], "it's \"the\" \\table");
        assert_eq!((&theirs["origin"], &theirs["order"]), (&"sql".into(), &Value::Null));
        let doubts: Vec<&str> =
            theirs["doubts"].as_array().unwrap().iter().map(|doubt| doubt.as_str().unwrap()).collect();
        assert_eq!(doubts, self.case.doubts, "{name}");
        if self.case.pings == 0 {
            assert_eq!((&theirs["pings_count"], &theirs["by_hour"]["firsts"][23]), (&0.into(), &0.into()));
            return;
        }
        let fields = self.ours.as_object().unwrap().iter();
        let mut compared = 0;
        for (field, ours) in fields {
            if !["name", "origin", "sampling", "order", "doubts"].contains(&field.as_str()) {
                assert_same(&format!("{name}: {field}"), ours, &theirs[field]);
                compared += 1;
            }
        }
        assert_eq!((compared, theirs["pings_count"].as_u64()), (16, Some(self.case.pings)), "{name}");
    }
}

/// Equal; floating numbers up to how they were printed.
fn assert_same(place: &str, ours: &Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Object(one), Value::Object(other)) => {
            assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{place}");
            one.iter().for_each(|(key, value)| assert_same(&format!("{place}.{key}"), value, &other[key]));
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{place}: {ours} {theirs}");
            let pairs = one.iter().zip(other).enumerate();
            pairs.for_each(|(index, (one, other))| assert_same(&format!("{place}[{index}]"), one, other));
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            assert!(
                (one - other).abs() <= 1e-12 * one.abs().max(1e-3),
                "{place}: ours {one}, theirs {other}"
            );
        }
        _ => assert_eq!(ours, theirs, "{place}"),
    }
}

/// Where checks are run for a change to land, an engine that is missing is a failure.
fn missing(what: &str, remedy: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what}: {remedy}");
    eprintln!("not compared: {what}: {remedy}");
}
