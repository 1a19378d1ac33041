//! What maintained libraries write is read value for value.

use std::process::{Command, Stdio};

use proptest::strategy::ValueTree;

use super::*;
use crate::trace::id::id_of;

const WRITERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/writers.py");

/// Where checks are run for a change to land, a library that is missing is a failure.
fn write_all(folder: &TempDir, pings: &str) -> bool {
    let program = |variable, usual: &str| std::env::var_os(variable).unwrap_or_else(|| usual.into());
    let mut command = Command::new(program("DEDUP_PYTHON", "python3"));
    command.arg(WRITERS).arg(folder.path()).arg(program("DEDUP_DUCKDB", "duckdb")).stdin(Stdio::piped());
    let mut running = match command.stderr(Stdio::piped()).spawn() {
        Ok(running) => running,
        Err(missing) => return not_compared(&missing.to_string()),
    };
    // One that has ended already says why on its standard error.
    let _ = running.stdin.take().expect("it is piped").write_all(pings.as_bytes());
    let output = running.wait_with_output().unwrap();
    output.status.success() || not_compared(&String::from_utf8_lossy(&output.stderr))
}

fn not_compared(why: &str) -> bool {
    assert!(
        std::env::var_os("CI").is_none(),
        "{why}: pip install pyarrow fastavro, and name its Python in DEDUP_PYTHON"
    );
    eprintln!("not compared: {why}");
    false
}

/// Ids as nobody would choose them.
fn ids() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(
        0.9,
        prop_oneof![
            "[a-z0-9]{1,8}",
            "[ -~]{1,12}",
            "[\"\\\\,;|\t \n]{1,6}",
            "\\PC{1,6}",
            Just("2C3A0767-d84a-4d02-8a92-fa54a3376048".to_string()),
            Just("\\\"".to_string()),
        ],
    )
}

type Ping = (Option<String>, i64, i64);

/// The ids and times in milliseconds that are read of a file.
fn read(path: &std::path::Path, id: &str, time: &str) -> Vec<(Id, u64)> {
    let options = TraceOptions {
        id: named(&[id]),
        time_field: Some(time.to_string()),
        max_bad: 0.0,
        ..TraceOptions::new(path)
    };
    let mut pings = TracePings::open(&options).unwrap_or_else(|error| panic!("{error}"));
    let mut found = Vec::new();
    while let Some(ping) = pings.next().unwrap_or_else(|error| panic!("{error}")) {
        found.push((ping.id, ping.event_time.as_millis()));
    }
    found
}

#[test]
fn what_other_programs_write_is_read_value_for_value() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let pings = prop::collection::vec((ids(), 0i64..1 << 53, 1_500_000_000_000i64..1_900_000_000_000), 250);
    let pings: Vec<Ping> = pings.new_tree(&mut runner).unwrap().current();
    let json: Vec<_> =
        pings.iter().map(|(id, n, t)| serde_json::json!({ "id": id, "n": n, "t_ms": t })).collect();
    let folder = tempfile::tempdir().unwrap();
    if !write_all(&folder, &serde_json::to_string(&json).unwrap()) {
        return;
    }
    let key = |text: &Option<String>| text.as_deref().map_or(Id::Missing, id_of);
    let texts: Vec<_> = pings.iter().map(|(id, _, t)| (key(id), *t as u64)).collect();
    let numbers: Vec<_> = pings.iter().map(|(_, n, t)| (id_of(&n.to_string()), *t as u64)).collect();
    let mut files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let time = if name.starts_with("s-") { "t_s" } else { "t_ms" };
        if !name.starts_with("s-") && !name.starts_with("n-") {
            let read = read(&path, "id", time);
            let first = read.iter().zip(&texts).position(|(read, written)| read != written);
            assert_eq!((read.len(), first), (texts.len(), None), "{name}: {:?}", first.map(|at| &pings[at]));
        }
        assert_eq!(read(&path, "n", time), numbers, "{name}");
        files += 1;
    }
    assert_eq!(files, 35);
}
