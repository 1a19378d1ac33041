//! DuckDB, by its command line, where tests look at something with it.

use std::io::Write;
use std::process::{Command, Stdio};

/// Names the program where it is not on the PATH.
const VARIABLE: &str = "DEDUP_DUCKDB";

/// What it prints; or what it complains of, at its first error.
pub(crate) fn run(statements: &[String]) -> Option<Result<String, String>> {
    run_in(":memory:", &["-bail"], statements)
}

/// The same in a database of this name, with these options.
pub(crate) fn run_in(
    database: &str,
    options: &[&str],
    statements: &[String],
) -> Option<Result<String, String>> {
    let named = std::env::var_os(VARIABLE).filter(|name| !name.is_empty());
    let program = named.unwrap_or_else(|| "duckdb".into());
    let mut command = Command::new(&program);
    command.args(["-no-init", "-batch", "-jsonlines"]).args(options).arg(database);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = match command.spawn() {
        Ok(running) => running,
        Err(error) => {
            // Where checks are run for a change to land, an engine that is missing is a failure.
            let remedy = format!("{}: {error}: name DuckDB in {VARIABLE}", program.display());
            assert!(std::env::var_os("CI").is_none(), "{remedy}");
            eprintln!("not compared: {remedy}");
            return None;
        }
    };
    let mut input = running.stdin.take().unwrap();
    let script = statements.join(";\n") + ";\n";
    // It prints while it reads.
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let output = running.wait_with_output().unwrap();
    let written = writer.join().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() && output.stderr.is_empty() {
        true => Some(written.map(|()| said(&output.stdout)).map_err(|error| error.to_string())),
        false => Some(Err(said(&output.stderr))),
    }
}
