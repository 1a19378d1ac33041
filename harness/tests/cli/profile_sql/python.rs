//! What runs in Python.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::cases::{ID, PART};
use super::{Asked, missing};

/// Names a Python that has the packages, where that of the PATH has not.
const VARIABLE: &str = "DEDUP_PYTHON";

/// Whether Python has the package.
pub(super) fn has(package: &str) -> bool {
    let script =
        format!("from importlib.util import find_spec\nassert find_spec({package:?}), 'no {package}'");
    let found = run(&script, "");
    if let Err(error) = &found {
        missing(error.trim(), &format!("pip install {package}, and name its Python in {VARIABLE}"));
    }
    found.is_ok()
}

/// Runs the script, which takes a JSON list of questions from its standard input, and answers each with a line.
pub(super) fn answers(script: &str, asked: &[Asked]) -> Vec<String> {
    let questions: Vec<Value> = asked.iter().map(question).collect();
    let said = run(script, &Value::from(questions).to_string()).unwrap_or_else(|error| panic!("{error}"));
    said.lines().filter(|line| line.starts_with('{')).map(str::to_string).collect()
}

fn question(asked: &Asked) -> Value {
    json!({"name": asked.case.name, "csv": asked.csv, "query": asked.query, "id": ID, "part": PART})
}

/// Runs Python; what it printed, or what it complained of.
pub(super) fn run(script: &str, input: &str) -> Result<String, String> {
    let program = std::env::var_os(VARIABLE).unwrap_or_else(|| "python3".into());
    let mut command = Command::new(&program);
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let said = |error: std::io::Error| format!("{}: {error}", program.display());
    let mut running = command.spawn().map_err(said)?;
    // One that has ended already says why on its standard error.
    let _ = running.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let output = running.wait_with_output().map_err(said)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
