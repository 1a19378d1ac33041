//! The statements of `impact --emit-sql` on engines, over a trace: every number of every day and value is the one that a run of the
//! same trace shows.

mod engines;
mod pings;

use std::collections::BTreeMap;

use serde_json::Value;

use self::pings::{DAYS, csv, day};
use crate::tool::{Tool, json_lines};

/// A day, a dimension with its value (empty of the whole), and a number.
type Key = (String, String, String);

/// Fields of the trace that are columns of the table as well.
const FIELDS: [&str; 16] = [
    "--client-field",
    "client",
    "--time-field",
    "at",
    "--session-field",
    "session",
    "--type-field",
    "type",
    "--dimension-field",
    "country",
    "--dimension-field",
    "version",
    "--crash-type",
    "segfault",
    "--new-profile-type",
    "first-run",
];

fn tool() -> Tool {
    let tool = Tool::new();
    tool.write("pings.csv", csv());
    tool
}

/// What a run shows: with everything let through, the live tables; of sessions the truth, as rows that are there twice make two of one.
fn shown(tool: &Tool) -> BTreeMap<Key, f64> {
    let run = [
        "run",
        "-q",
        "-p",
        "impact",
        "-s",
        "^noop$",
        "--trace",
        "pings.csv",
        "--id-field",
        "id",
        "-o",
        "out",
    ];
    tool.prints(&[&run[..], &FIELDS].concat());
    tool.prints(&["impact", "out", "-o", "numbers"]);
    let mut all = BTreeMap::new();
    for table in ["impact_over_time", "impact_by_dimension"] {
        let text = std::fs::read_to_string(tool.work().join(format!("numbers/{table}.csv"))).unwrap();
        let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let head = rows.next().unwrap();
        for row in rows {
            let of = |name: &str| head.iter().position(|column| *column == name).map_or("", |at| row[at]);
            let value = if of("number") == "sessions" { of("truth") } else { of("value") };
            if of("table_name") == "live" && !value.is_empty() {
                let cell = format!("{} {}", of("dimension"), of("dimension_value")).trim().to_string();
                let key = (of("day").to_string(), cell, of("number").to_string());
                all.insert(key, value.parse().unwrap());
            }
        }
    }
    all
}

/// Statements of all days, one by one; the numbers are asked for at the end.
fn statements(tool: &Tool, engine: &str) -> Vec<String> {
    let renamed =
        |field: &&str| field.replace("-field", "-column").replace("--dimension-column", "--dimension");
    let columns: Vec<String> = FIELDS.iter().map(renamed).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let tables = [
        "--source",
        "pings",
        "--daily-table",
        "daily",
        "--history-table",
        "history",
        "--dimension-table",
        "by_value",
    ];
    let mut all = Vec::new();
    for number in 0..DAYS {
        let day = day(number);
        let script = tool.prints(
            &[&["impact", "--emit-sql", engine, "--day", day.as_str()], &tables[..], &columns].concat(),
        );
        let (written, read) = script.split_once("-- The numbers, a row a day.").unwrap();
        let read = if number + 1 == DAYS { read } else { "" };
        let split = |text: &str| text.split(";\n").map(str::to_string).collect::<Vec<_>>();
        all.extend([split(written), split(read)].concat());
    }
    all.retain(|statement| !statement.trim().is_empty());
    all
}

/// What an engine printed.
fn counted(printed: &str) -> BTreeMap<Key, f64> {
    let mut all = BTreeMap::new();
    let rows: String = printed
        .lines()
        .filter(|line| line.contains("submission_date"))
        .map(|line| format!("{line}\n"))
        .collect();
    for row in json_lines(&rows) {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
        let cell = format!("{} {}", text("dimension"), text("dimension_value")).trim().to_string();
        let named = ["submission_date", "dimension", "dimension_value"];
        for (name, value) in
            row.as_object().unwrap().iter().filter(|(name, _)| !named.contains(&name.as_str()))
        {
            let number = match value {
                Value::Null => continue,
                Value::String(text) => text.parse().unwrap(),
                other => other.as_f64().unwrap(),
            };
            all.insert((text("submission_date"), cell.clone(), name.replace('_', "-")), number);
        }
    }
    all
}

/// Sees that an engine counts what a run shows.
fn is_shown(engine: &str, run: impl Fn(&Tool, &[String]) -> String) {
    let tool = tool();
    let (shown, counted) = (shown(&tool), counted(&run(&tool, &statements(&tool, engine))));
    let cells: Vec<&str> = shown.keys().map(|(_, cell, _)| cell.as_str()).collect();
    assert!(["", "country DE", "version 2"].iter().all(|cell| cells.contains(cell)), "{cells:?}");
    for number in ["pings", "sessions", "crash-rate", "wau", "mau", "new-profiles", "retention-week-3"] {
        let values = shown.iter().filter(|((_, _, of), value)| of == number && **value > 0.0);
        assert!(values.count() > 5, "{number} says nothing");
    }
    for (key, value) in &shown {
        let found = counted.get(key).unwrap_or_else(|| panic!("{engine}: {key:?} is not counted"));
        assert!(
            (found - value).abs() < 1e-9 * value.abs().max(1.0),
            "{engine}: {key:?}: {found} for {value}"
        );
    }
    // Before the first week of a cohort is over an engine has nothing, as a run has.
    assert_eq!(counted.len(), shown.len(), "{engine}");
}
