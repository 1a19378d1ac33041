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

/// What differs from a system's defaults stands in its file, and from there in lists, records, tables and pages.
#[test]
fn what_a_reader_has_to_know_of_a_system_is_in_the_list_the_record_the_table_and_the_page() {
    let tool = Tool::with_tiny();
    let text = fs::read_to_string(ours("examples/last-id.toml")).unwrap();
    let note = "-m 1024, as with less it forgets";
    let noted = |note: &str| text.replace("operate = ", &format!("note = {note:?}\noperate = "));
    tool.write("mine/last-id.toml", noted(note));
    tool.write("mine/last_id.py", fs::read_to_string(ours("examples/last_id.py")).unwrap());
    let list = tool.prints(&["list", "strategies", "--systems", "mine", "-s", "^last-id$"]);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&list).contains(note), "{list}");
    let table =
        tool.prints(&["run", "-f", "tiny.toml", "-s", "mine/last-id.toml", "-p", "verify", "-o", "out"]);
    assert!(words(&table).contains(&format!("last-id: {note}")), "{table}");
    assert_eq!(tool.records("out")[1]["operation"]["note"], note);
    let page = tool.prints(&["report", "out"]);
    assert!(page.contains(&format!("last-id: {note}")), "the page has it");
    tool.write("mine/last-id.toml", noted("two\nlines"));
    tool.refuses(&["list", "strategies", "--systems", "mine"], &["note", "one line"]);
}

/// Whoever looks at Spark's row sees that its window is not the one that was asked for.
#[test]
fn the_list_says_that_sparks_window_is_up_to_two_and_that_a_later_copy_may_pass() {
    let folder = root().join("systems");
    let list =
        Tool::new().prints(&["list", "strategies", "--systems", folder.to_str().unwrap(), "-s", "^spark$"]);
    let said = list.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["one to two windows", "within a batch nothing is forgotten", "need not be the first"] {
        assert!(said.contains(words), "{said}");
    }
}
