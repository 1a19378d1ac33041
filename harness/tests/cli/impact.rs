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
    // With names of steps and values as long as they come.
    let long = CLIENTS
        .replace("installed", "installed-and-started-anew")
        .replace("DE = 1", "a-country-with-a-long-name = 1");
    tool.write("long.toml", long);
    tool.prints(&["run", "-q", "-p", "impact", "-f", "long.toml", "-s", "^noop$", "-o", "long"]);
    let shown = tool.command(&["impact", "long"]).env("COLUMNS", "80").output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let wide: Vec<&str> = shown.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
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
    refused(&["--source", "days"], &["found days; allowed is any name but", "analysis.days"]);
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
    let none = [&RUN[..], &["-s", "^noop$", "--nightly", "none", "-o", "new"]].concat();
    tool.refuses(&none, &["--nightly none", "live tables beside stable ones"]);
    tool.write("crowd.toml", CLIENTS.replace("count = 300", "count = 3_000_000"));
    let crowd = [
        "run",
        "-q",
        "-p",
        "impact",
        "-f",
        "crowd.toml",
        "-s",
        "^noop$",
        "--memory-limit",
        "32MiB",
        "-o",
        "new",
    ];
    let said = ["clients: 3000000 over 8 days", "16 MiB are free", "allowed are fewer clients"];
    tool.refuses(&crowd, &said);
    // Under faults as well: before records are begun.
    let fault = "\n[[fault]]\nkind = \"restart\"\nat = \"30h\"\nstate = \"lost\"\n";
    tool.write("crowd.toml", CLIENTS.replace("count = 300", "count = 3_000_000") + fault);
    tool.refuses(&crowd, &said);
    assert!(!tool.work().join("new").exists());
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

#[test]
fn rounds_are_added_up_and_how_far_they_lie_apart_is_shown() {
    let tool = tool();
    let run = [&RUN[..], &["-s", "^noop$", "--rounds", "3", "-o", "out"]].concat();
    let shown = tool.prints(&run);
    assert!(shown.contains('±') && shown.contains("errors = 3 rounds added up, ± half the range"), "{shown}");
    let one = tool.command(&["impact", "out"]).env("COLUMNS", "80").output().unwrap();
    let one = String::from_utf8(one.stdout).unwrap();
    let said: String = one.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("in 3 rounds that are added up"), "{one}");
    assert!(said.contains("smallest and largest of these errors in the 3 rounds"), "{one}");
    assert!(one.lines().all(|line| line.chars().count() <= 80), "{one}");
    // A day has as many pings as in one round.
    let pings = one.lines().find(|line| line.starts_with("pings ")).unwrap();
    let a_day: u64 = pings.split_whitespace().nth(1).unwrap().replace(',', "").parse().unwrap();
    assert!((1_000..2_000).contains(&a_day), "{pings}");
    // Of one trace rounds tell no more than one of them.
    tool.write(
        "pings.csv",
        "id,at,client\na,2026-01-01T01:00:00Z,x\na,2026-01-01T02:00:00Z,x\nb,2026-01-02T01:00:00Z,y\n",
    );
    let intervals = |rounds: &str, into: &str| {
        let run =
            ["run", "-q", "-p", "impact", "--trace", "pings.csv", "--id-field", "id", "--time-field", "at"];
        tool.prints(
            &[&run[..], &["--client-field", "client", "-s", "^noop$", "--rounds", rounds, "-o", into]]
                .concat(),
        );
        tool.prints(&["impact", into, "-o", &format!("{into}-tables")]);
        let csv = tool.work().join(format!("{into}-tables/impact_over_time.csv"));
        let text = std::fs::read_to_string(csv).unwrap();
        let limits =
            text.lines().map(|row| row.rsplitn(3, ',').take(2).map(str::to_string).collect::<Vec<_>>());
        limits.collect::<Vec<_>>()
    };
    assert_eq!(intervals("1", "once"), intervals("4", "four-times"));
}
