//! What records and documents say of systems, held against the systems.

use std::fs;

use crate::profile_sql::python;
use crate::tool::Tool;
use crate::workspace::root;

fn ours(file: &str) -> String {
    root().join("systems").join(file).display().to_string()
}

/// The table in the document is the script's own.
#[test]
fn clickhouse_takes_blocks_for_repetitions_as_the_document_says() {
    if python::has("chdb") {
        let script = fs::read_to_string(root().join("systems/check/clickhouse_blocks.py")).unwrap();
        let said = python::script(&script, &[], "");
        let document = fs::read_to_string(root().join("results/systems/README.md")).unwrap();
        let told: Vec<&str> = said.lines().filter(|line| line.starts_with('|')).collect();
        assert!(told.len() > 10, "{said}");
        for line in told {
            assert!(document.contains(line), "not in results/systems/README.md: {line}");
        }
    }
}

#[test]
fn a_block_of_one_ping_is_an_id_and_a_copy_in_a_larger_one_passes() {
    if python::has("chdb") {
        let tool = Tool::with_tiny();
        let file = ours("clickhouse-blocks.toml");
        let single = format!("{file}:rows=1");
        tool.prints(&[
            "run",
            "-f",
            "tiny.toml",
            "--thin",
            "8",
            "-s",
            &file,
            "-s",
            &single,
            "-s",
            "^noop$",
            "-p",
            "verify",
            "-o",
            "out",
        ]);
        let records = tool.records("out");
        let missed = |at: usize| records[at]["result"]["verify"]["missed_count"].as_u64().unwrap();
        assert!(missed(3) > 20);
        assert_eq!([missed(1), missed(2)], [missed(3), 0]);
    }
}

/// Rows that are deleted take room until they are vacuumed, which the adapter does after each purge.
#[test]
fn a_table_of_postgresql_does_not_grow_with_the_stream() {
    let tool = Tool::new();
    let file = ours("postgres.toml") + ":durability=unlogged";
    let said = tool.prints(&["conform", &file, "--law", "memory is bounded"]);
    assert!(said.contains("obeys the one law asked for"), "{said}");
}
