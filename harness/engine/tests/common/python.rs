//! Python, where tests look at something with its packages.

use std::io::{Error, Write};
use std::process::{Command, Stdio};

/// Names a Python that has the packages, where that of the PATH has not.
pub(crate) const VARIABLE: &str = "DEDUP_PYTHON";

/// Runs it with what it is to read; what it printed, or what it complained of.
pub(crate) fn run(arguments: &[&str], input: &str) -> Result<String, String> {
    let program = std::env::var_os(VARIABLE).unwrap_or_else(|| "python3".into());
    let mut command = Command::new(&program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let said = |error: Error| format!("{}: {error}", program.display());
    let mut running = command.spawn().map_err(said)?;
    // One that has ended already says why on its standard error.
    let _ = running.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let output = running.wait_with_output().map_err(said)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
