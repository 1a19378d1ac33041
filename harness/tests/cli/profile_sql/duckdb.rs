//! DuckDB, by its command line.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use dedup_harness::nightly::{DUCKDB_VARIABLE, Duckdb};

use super::cases;
use super::{Asked, missing};
use crate::tool::Tool;

/// As it is typed; in the query it is quoted anew.
const TABLE: &str = "main.\"it's \"\"live\"\"\"";

/// Whether it is there.
pub(crate) fn is_there() -> bool {
    let found = Duckdb::find();
    if let Err(error) = &found {
        missing(&error.to_string(), "");
    }
    found.is_ok()
}

/// What a query over the table answers, which holds this file.
pub(super) fn answer(csv: &Path, query: &str) -> String {
    let program = std::env::var_os(DUCKDB_VARIABLE).unwrap_or_else(|| "duckdb".into());
    let mut command = Command::new(program);
    command.args(["-no-init", "-batch", "-bail", "-noheader", "-list", ":memory:"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let sql = format!("{}{query}", table_of(csv));
    running.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}\n{sql}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

fn table_of(csv: &Path) -> String {
    format!(
        "SET TimeZone = 'UTC';\nCREATE TABLE {TABLE} AS FROM read_csv('{}', header = true, delim = ',', quote = '\"', escape = '\"',\n\
         columns = {{'order': 'VARCHAR', 'it''s \"part\"': 'VARCHAR', 'at': 'TIMESTAMPTZ', 'ns': 'BIGINT', 'ms': 'DOUBLE', \
         's': 'DECIMAL(18, 6)'}});\n",
        csv.display()
    )
}

/// Each case in the dialect, over the table.
pub(super) fn asked(tool: &Tool, dialect: &str) -> Vec<Asked> {
    cases::all().into_iter().map(|case| Asked::new(tool, case, dialect, TABLE)).collect()
}

#[test]
fn duckdb_answers_as_our_reader_does() {
    if !is_there() {
        return;
    }
    let tool = Tool::new();
    for asked in asked(&tool, "duckdb") {
        asked.is_answered_by(&tool, answer(&asked.csv, &asked.query).trim());
    }
}
