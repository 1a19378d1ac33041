//! A run that several machines share out: its shares together are the run.

use std::collections::BTreeSet;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::tool::Tool;

/// A worker dies: with it, what its stream comes to without belongs to another cell, or to none.
const CRASH: &str = r#"
[[fault]]
kind = "worker-crash"
at = "1m"
point = "before-publish"
"#;

const STRATEGIES: &str = "^(noop|exact|lru-exact|bloom|pubsubio)$";
const ASKED: [&str; 10] =
    ["run", "-q", "-f", "tiny.toml", "-f", "crash.toml", "-s", STRATEGIES, "--time-budget", "0.02"];

fn tool() -> Tool {
    let tool = Tool::with_tiny();
    tool.write("crash.toml", [super::tool::TINY, CRASH].concat());
    tool
}

/// Runs all of it, and eight shares of it; gives the folders of these.
fn run_whole_and_in_shares(tool: &Tool, more: &[&str]) -> Vec<String> {
    tool.prints(&[&ASKED, more, &["-o", "whole"]].concat());
    let share = |index: u32| {
        let (partition, folder) = (format!("{index}/8"), format!("shares/{index}"));
        tool.prints(&[&ASKED, more, &["-o", &folder, "--partition", &partition]].concat());
        folder
    };
    (1..=8).map(share).collect()
}

/// Without what time was taken, and what was measured of time and of the process.
fn without_times(mut records: Vec<Value>) -> Vec<Value> {
    for record in &mut records {
        for field in ["started_at", "elapsed_ns"] {
            record[field].take();
        }
        record["result"]["time"].take();
        record["result"]["weigh"]["peak_rss_bytes"].take();
    }
    records
}

/// Without the moment at which the run began.
fn undated(text: &str) -> String {
    regex::Regex::new(r"\d{4}-\d\d-\d\dT[\d:]+Z").unwrap().replace_all(text, "then").into_owned()
}

#[test]
fn eight_shares_are_the_run_but_for_its_times() {
    let tool = tool();
    let shares = run_whole_and_in_shares(&tool, &["--rounds", "2"]);
    let shares: Vec<&str> = shares.iter().map(String::as_str).collect();
    tool.prints(&[&["merge"], &shares[..], &["-o", "merged"]].concat());
    let whole = tool.records("whole");
    assert_eq!(whole.len(), 1 + 2 * 5 * 4);
    assert_eq!(without_times(tool.records("merged")), without_times(whole.clone()));
    assert!(whole.iter().any(|cell| cell["result"]["verify"]["faultless"].is_object()));
    // None holds everything, and what a share holds is no other's.
    let held: Vec<usize> = shares.iter().map(|share| tool.records(share).len() - 1).collect();
    assert!(held.iter().sum::<usize>() == 40 && held.iter().all(|held| *held < 20), "{held:?}");

    for command in [&["compare"][..], &["report", "--format", "csv"]] {
        let of = |runs: &[&str]| undated(&tool.prints(&[command, runs, &["-f", "crash"]].concat()));
        assert_eq!(of(&shares).replace("shares", "whole"), of(&["whole"]), "{command:?}");
    }
}

#[test]
fn the_gate_takes_the_shares_of_a_run_in_the_place_of_one_that_it_measures() {
    let tool = tool();
    let shares = run_whole_and_in_shares(&tool, &["-p", "verify", "-p", "weigh", "--nightly", "none"]);
    let shares: Vec<&str> = shares.iter().map(String::as_str).collect();
    let scenarios = ["-f", "tiny.toml", "-f", "crash.toml"];
    let gate =
        [&["gate", "check", "-q", "--no-instructions", "--baseline", "b.json"], &scenarios[..]].concat();
    tool.prints(&[&gate[..], &["-s", STRATEGIES, "--update"]].concat());
    let judged = tool.prints(&[&gate[..], &["--strict"], &shares[..]].concat());
    assert_eq!(judged, tool.prints(&[&gate[..], &["--strict", "whole"]].concat()).replace("whole", "shares"));
    assert!(judged.contains("PASS"), "{judged}");
    // One share is no run, and what the records lack is not taken for well.
    tool.refuses(&[&gate[..], &shares[..7]].concat(), &["share 8 of 8 missing", "every share"]);
    tool.prints(&["run", "-q", "-f", "tiny.toml", "-s", "^exact$", "-p", "verify", "-o", "less"]);
    tool.command(&[&gate[..], &["--strict", "less"]].concat())
        .assert()
        .code(5)
        .stdout(contains("it is not in the records"));
}

#[test]
fn a_missing_share_is_said_and_one_given_twice_or_of_another_run_is_refused() {
    let tool = Tool::with_tiny();
    let asked = ["run", "-q", "-f", "tiny.toml", "-s", "^(noop|exact|lru)$", "-p", "verify", "-p", "weigh"];
    for (folder, more) in [("1", &["1/2"][..]), ("2", &["2/2"]), ("other", &["2/2", "--seed", "9"])] {
        tool.prints(&[&asked[..], &["-o", folder, "--partition"], more].concat());
    }
    tool.command(&["compare", "1"]).assert().success().stderr(contains("share 2 of 2 missing"));
    tool.command(&["compare", "1", "2"]).assert().success().stderr("");
    tool.refuses(&["compare", "1", "2", "1"], &["both are share 1/2 of one run", "give each once"]);
    tool.refuses(&["merge", "1", "-o", "out"], &["share 2 of 2 missing", "the records of every share"]);
    tool.refuses(&["merge", "1", "other", "-o", "out"], &["share 2 of 2 missing"]);
    tool.prints(&["merge", "1", "2", "-o", "out"]);
    tool.refuses(&["merge", "1", "2", "-o", "out"], &["holds results already", "--force"]);
    tool.refuses(&["merge", "1", "2", "-o", "1", "--force"], &["which is what is read"]);
    let text = std::fs::read_to_string(tool.work().join("1/records.jsonl")).unwrap();
    tool.write("broken.jsonl", text.replace(r#""index":1"#, r#""index":3"#));
    tool.refuses(&["compare", "broken.jsonl"], &["field share: found 3/2", "allowed are 1/N to N/N"]);
}

#[test]
fn a_share_without_a_cell_is_no_failure_and_says_so() {
    let tool = Tool::with_tiny();
    let run = |index: u32| {
        let (partition, folder) = (format!("{index}/3"), format!("{index}"));
        let asked = ["run", "-q", "-f", "tiny.toml", "-s", "^exact$", "-p", "verify", "-o", &folder];
        let output = tool.output(&[&asked[..], &["--partition", &partition]].concat());
        assert_eq!(output.status.code(), Some(0));
        (output.stdout.is_empty(), String::from_utf8(output.stderr).unwrap().contains("none of the 1 cells"))
    };
    let ended: Vec<(bool, bool)> = (1..=3).map(run).collect();
    assert_eq!(ended.iter().filter(|ended| **ended == (true, true)).count(), 2, "{ended:?}");
    assert_eq!(tool.prints(&["compare", "1", "2", "3"]).matches("exact").count(), 1);
}

#[test]
fn what_is_no_share_is_refused() {
    let tool = Tool::with_tiny();
    for command in ["run", "talk"] {
        for wrong in ["0/8", "9/8", "3/0", "x", "3", ""] {
            let asked = [command, "--partition", wrong];
            tool.refuses(&asked, &["--partition", "such as 3/8"]);
        }
    }
}

#[test]
fn only_a_store_that_is_given_is_loaded_from_several_machines_and_only_by_the_time_pass() {
    let tool = Tool::with_tiny();
    let start = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string();
    let asked = [
        "run",
        "-f",
        "tiny.toml",
        "-o",
        "load",
        "--start-at",
        &start,
        "--partition",
        "1/2",
        "--rate",
        "1000",
    ];
    let asked = [&asked[..], &["--redis-url", "redis://127.0.0.1:1"]].concat();
    for (more, said) in [
        (&["-p", "time", "-s", "^exact$"][..], &["--start-at", "exact has no server", "redis-claim"]),
        (
            &["-p", "verify", "-p", "time", "-s", "^redis-claim$"],
            &["--start-at", "verify is to be run as well", "-p time"],
        ),
    ] {
        tool.refuses(&[&asked[..], more].concat(), said);
    }
    assert!(!tool.work().join("load").exists());
}

#[test]
fn the_talk_is_shared_out_and_drawn_from_the_records_of_its_shares() {
    let tool = Tool::new();
    let asked = ["talk", "-q", "--scale", "160_000", "-s", "^(noop|pubsubio)$", "-f", "before-publish"];
    let share = |index: u32| {
        let (partition, folder) = (format!("{index}/3"), format!("shares/{index}"));
        tool.prints(&[&asked[..], &["-o", &folder, "--partition", &partition]].concat());
        folder
    };
    let shares: Vec<String> = (1..=3).map(share).collect();
    tool.prints(&[&asked[..], &["-o", "whole"]].concat());
    let shares: Vec<&str> = shares.iter().map(String::as_str).collect();
    tool.prints(&[&["merge"], &shares[..], &["-o", "merged"]].concat());
    let whole = without_times(tool.records("whole"));
    assert_eq!(without_times(tool.records("merged")), whole);
    let scenarios: BTreeSet<&str> =
        whole[1..].iter().map(|cell| cell["scenario"].as_str().unwrap()).collect();
    assert_eq!(scenarios.len(), 3, "{scenarios:?}");
    let table = tool.prints(&[&["compare", "--talk"], &shares[..]].concat());
    assert!(contains("pubsubio").and(contains("one ping in 16")).eval(&table), "{table}");
}
