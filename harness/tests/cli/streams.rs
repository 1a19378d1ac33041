//! `stream`: the pings themselves.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::tool::{TINY, Tool, json_lines};

#[test]
fn each_line_is_a_ping_with_its_truth() {
    let tool = Tool::with_tiny();
    let pings = json_lines(&tool.prints(&["stream", "tiny.toml"]));
    assert_eq!(pings.len(), 4_000);
    let first = |ping: &serde_json::Value| ping["truth"]["first"] == true;
    assert!(pings.iter().all(|ping| ping["time"].is_string() && ping["document_id"].is_string()));
    let copies = pings.iter().filter(|ping| !first(ping)).count();
    assert!((100..1_000).contains(&copies), "{copies}");
    assert!(pings.iter().filter(|ping| !first(ping)).all(|ping| ping["truth"]["cause"] == "redelivery"));
}

#[test]
fn a_limit_cuts_and_the_seed_decides() {
    let tool = Tool::with_tiny();
    let whole = tool.prints(&["stream", "tiny.toml"]);
    assert_eq!(whole, tool.prints(&["stream", "tiny.toml", "--seed", "5"]));
    assert_ne!(whole, tool.prints(&["stream", "tiny.toml", "--seed", "6"]));
    let begin = tool.prints(&["stream", "tiny.toml", "--limit", "1_7"]);
    assert!(whole.starts_with(&begin));
    assert_eq!(begin.lines().count(), 17);
    assert_eq!(tool.prints(&["stream", "tiny.toml", "--limit", "0"]), "");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let tool = Tool::new();
    tool.write("endless.toml", TINY.replace("4_000", "100_000_000"));
    let mut child = tool
        .process(&["stream", "endless.toml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(json_lines(&line).len(), 1);
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert_eq!((child.wait().unwrap().code(), error.as_str()), (Some(0), ""));
}
