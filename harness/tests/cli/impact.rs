//! The impact pass from outside: run, recorded, shown, and refused.

use crate::tool::{Tool, entries};

const RUN: [&str; 6] = ["run", "-q", "-p", "impact", "-f", "clients.toml"];

const CLIENTS: &str = r#"
about = "A week of clients."
duration = "8days"
window = "24h"

[arrival]
process = "constant"
rate = "0.02/s"

[[repeat]]
cause = "retry"
share = 0.1
lag.uniform = ["1m", "20h"]

[clients]
count = 300
types = { main = 8, crash = 1, ready = 2, installed = 1 }
funnel = ["ready", "installed"]
dimensions.country = { DE = 1, US = 3 }
"#;

fn tool() -> Tool {
    let tool = Tool::with_tiny();
    tool.write("clients.toml", CLIENTS);
    tool
}

#[test]
fn numbers_are_recorded_and_shown_in_every_format() {
    let tool = tool();
    let run = [&RUN[..], &["-s", "^(noop|exact)$", "-o", "out"]].concat();
    let shown = tool.prints(&run);
    assert!(shown.contains("until the nightly job has run (live tables)"), "{shown}");
    assert!(shown.contains("noop: adds ") && shown.contains("exact: adds nothing to ping counts"), "{shown}");
    let impact = &tool.records("out")[1]["result"]["impact"];
    assert_eq!(impact["days_count"], 8, "{impact}");
    let one = tool.prints(&["impact", "out", "-s", "^noop$"]);
    for word in ["crash-rate", "retention-week-1", "ready to installed", "country DE", "predicted"] {
        assert!(one.contains(word), "{word}: {one}");
    }
    let narrow = tool.command(&["impact", "out", "-s", "^noop$"]).env("COLUMNS", "80").output().unwrap();
    let narrow = String::from_utf8(narrow.stdout).unwrap();
    assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
    assert!(!one.contains("exact"), "{one}");
    let markdown = tool.prints(&["impact", "out", "--format", "markdown"]);
    assert!(markdown.contains("### clients  exact") && markdown.contains("| pings |"), "{markdown}");
    // A record of today is what it is shown from: the same again.
    assert_eq!(tool.prints(&["impact", "out", "-s", "^noop$"]), one);
}

#[test]
fn tables_are_made_of_records_alone_and_are_the_same_again() {
    let tool = tool();
    tool.prints(&[&RUN[..], &["-s", "^noop$", "-o", "out"]].concat());
    let before = std::fs::read(tool.work().join("out/records.jsonl")).unwrap();
    let files = |folder: &str| -> Vec<(std::ffi::OsString, Vec<u8>)> {
        let paths = entries(&tool.work().join(folder)).into_iter();
        paths.map(|path| (path.file_name().unwrap().to_owned(), std::fs::read(&path).unwrap())).collect()
    };
    tool.prints(&["impact", "out", "-o", "numbers"]);
    tool.prints(&["impact", "out", "-o", "again"]);
    let made = files("numbers");
    assert_eq!(made.len(), 9, "four tables twice, and their schema");
    assert!(made == files("again"), "other bytes");
    tool.prints(&["impact", "out", "-o", "numbers"]);
    assert!(made == files("numbers"), "other bytes where tables were replaced");
    assert_eq!(before, std::fs::read(tool.work().join("out/records.jsonl")).unwrap());
    let csv = std::fs::read_to_string(tool.work().join("numbers/impact_over_time.csv")).unwrap();
    let (head, rows) = csv.split_once('\n').unwrap();
    assert!(head.contains("scenario,") && head.contains("strategy,") && head.contains("truth"), "{head}");
    assert!(rows.lines().any(|row| row.contains("pings") && row.contains("live")), "{csv}");
    tool.refuses(&["impact", "out", "-o", "clients.toml"], &["clients.toml"]);
}

#[test]
fn statements_are_printed_for_every_engine_and_names_that_are_none_are_refused() {
    let tool = Tool::new();
    let day = ["--day", "2026-01-31"];
    for engine in ["duckdb", "bigquery", "spark", "clickhouse"] {
        let all = [&["impact", "--emit-sql", engine], &day[..], &["--dimension", "country"]].concat();
        let script = tool.prints(&all);
        for word in ["clients_daily", "clients_last_seen", "clients_by_dimension", "country", "2026-01-31"] {
            assert!(script.contains(word), "{engine} {word}: {script}");
        }
    }
    let refused = |more: &[&str], said: &[&str]| {
        tool.refuses(&[&["impact", "--emit-sql", "duckdb"], &day[..], more].concat(), said);
    };
    refused(&["--dimension", "a; drop"], &["--dimension", "a; drop", "allowed"]);
    refused(&["--source", "a.b.c.d"], &["--source", "one to three parts"]);
    refused(&["--dimension", "pings"], &["dimension column", "allowed is any name but"]);
    refused(&["--daily-table", "telemetry_stable.main_v5"], &["allowed are four different ones"]);
    tool.refuses(&["impact", "--emit-sql", "duckdb"], &["--day"]);
    tool.refuses(&["impact", "--emit-sql", "oracle", "--day", "2026-01-31"], &["oracle", "clickhouse"]);
    tool.refuses(&["impact", "--emit-sql", "duckdb", "--day", "2026-02-30"], &["2026-02-30", "a day of UTC"]);
}

#[test]
fn what_has_no_numbers_is_said_with_the_remedy() {
    let tool = tool();
    let nobody = tool.prints(&["run", "-q", "-p", "impact", "-f", "tiny.toml", "-s", "^noop$", "-o", "out"]);
    assert!(nobody.contains("does not say who sends its pings") && nobody.contains("[clients]"), "{nobody}");
    tool.refuses(&["impact", "out"], &["no cell of these runs has figures of the impact pass", "-p impact"]);
    tool.refuses(&["impact", "nowhere"], &["nowhere", "no such file or directory"]);
    let none = [&RUN[..], &["-s", "^noop$", "--nightly", "none"]].concat();
    tool.refuses(&none, &["--nightly none", "live tables beside stable ones"]);
}

#[test]
fn a_funnel_of_types_that_are_not_there_is_refused() {
    let tool = tool();
    for (funnel, found) in [
        (r#"["ready", "instaled"]"#, "installed (the nearest name)"),
        (r#"["ready"]"#, "2 to 32 types"),
        (r#"["ready", "ready"]"#, "each type once"),
    ] {
        tool.write("spoilt.toml", CLIENTS.replace(r#"["ready", "installed"]"#, funnel));
        tool.refuses(&["stream", "spoilt.toml"], &["clients.funnel", found]);
    }
}
