//! Runs that are stopped half-way.

use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::tool::{Tool, entries, eventually};

/// A run that measures Redis for far longer than any test lasts.
const LONG: [&str; 14] = [
    "run",
    "-f",
    "tiny.toml",
    "-s",
    "^(exact|redis)$",
    "-p",
    "verify",
    "-p",
    "time",
    "--time-budget",
    "600",
    "--threads",
    "2",
    "-o",
];

/// Starts the long run in a process group of its own, and waits until the first cells are done and the third, with its
/// process, is under way.
fn started(tool: &Tool, strategies: &str) -> Child {
    use std::os::unix::process::CommandExt;

    let args: Vec<&str> = LONG
        .iter()
        .map(|word| if *word == "^(exact|redis)$" { strategies } else { word })
        .chain(["out"])
        .collect();
    let child =
        tool.process(&args).process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let done = strategies.matches('|').count() + 1;
    eventually("the first cells", || lines(tool) > done);
    eventually("the next cell", || {
        tool.processes().iter().filter(|name| name.starts_with("dedup")).count() >= 2
    });
    child
}

fn lines(tool: &Tool) -> usize {
    std::fs::read_to_string(tool.work().join("out/records.jsonl")).map_or(0, |text| text.lines().count())
}

#[test]
fn a_run_that_is_killed_leaves_readable_records_and_no_process() {
    let tool = Tool::with_tiny();
    let mut child = started(&tool, "^(exact|redis)$");
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the end of every process", || tool.processes().is_empty());
    let table = tool.command(&["compare", "out"]).assert().success().get_output().stdout.clone();
    let table = String::from_utf8(table).unwrap();
    assert!(table.contains("exact") && table.contains("redis"), "{table}");
}

/// Sends a signal and expects exit code 130, the table of what was done, and nothing left behind.
fn stops_cleanly(strategies: &str, stop: impl FnOnce(Pid)) {
    let tool = Tool::with_tiny();
    let child = started(&tool, strategies);
    stop(Pid::from_child(&child));
    let output = child.wait_with_output().unwrap();
    let (table, log) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(130), "{table}\n{log}");
    assert!(table.contains("verdict") && table.contains("exact"), "{table}\n{log}");
    assert!(log.contains("interrupted: ") && !log.contains("FAILED"), "{log}");
    eventually("the end of every process", || tool.processes().is_empty());
    assert!(entries(&tool.tmp()).is_empty());
    tool.prints(&["compare", "out"]);
}

#[test]
fn an_interrupt_stops_the_run_and_prints_what_is_done() {
    stops_cleanly("^exact$", |tool| kill_process(tool, Signal::INT).unwrap());
}

#[test]
fn a_request_to_terminate_stops_the_run_and_its_servers() {
    stops_cleanly("^(exact|redis)$", |tool| kill_process(tool, Signal::TERM).unwrap());
}

#[test]
fn ctrl_c_on_a_terminal_reaches_the_whole_group_and_is_no_failure_of_the_cell() {
    stops_cleanly("^(exact|redis)$", |tool| kill_process_group(tool, Signal::INT).unwrap());
}
