//! DuckDB by its command line, ClickHouse by its Python package.

use std::io::Write;
use std::process::{Command, Stdio};

use dedup_harness::nightly::DUCKDB_VARIABLE;

use super::is_shown;
use crate::profile_sql::{duckdb, python};
use crate::tool::Tool;

fn in_duckdb(tool: &Tool, statements: &[String]) -> String {
    let program = std::env::var_os(DUCKDB_VARIABLE).unwrap_or_else(|| "duckdb".into());
    let mut command = Command::new(program);
    command.args(["-no-init", "-batch", "-bail", "-jsonlines", ":memory:"]).current_dir(tool.work());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let table = "SET TimeZone = 'UTC';\nCREATE TABLE pings AS FROM read_csv('pings.csv', header = true, columns = {'id': 'VARCHAR', \
                 'at': 'TIMESTAMPTZ', 'client': 'VARCHAR', 'country': 'VARCHAR', 'version': 'VARCHAR', 'type': 'VARCHAR', \
                 'session': 'VARCHAR'});\n";
    let script = format!("{table}{};\n", statements.join(";\n"));
    let mut input = running.stdin.take().unwrap();
    // It prints while it reads.
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let output = running.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn duckdb_counts_every_number_that_a_run_shows() {
    if duckdb::is_there() {
        is_shown("duckdb", in_duckdb);
    }
}

#[test]
fn clickhouse_counts_every_number_that_a_run_shows() {
    if !python::has("chdb") {
        return;
    }
    is_shown("clickhouse", |tool, statements| {
        let file = tool.work().join("pings.csv");
        let input = serde_json::to_string(statements).unwrap();
        python::script(include_str!("in_clickhouse.py"), &[file.to_str().unwrap()], &input)
    });
}
