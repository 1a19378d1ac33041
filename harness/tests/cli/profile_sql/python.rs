//! What runs in Python.

use serde_json::{Value, json};

use super::cases::{ID, PART};
use super::{Asked, missing};

#[path = "../../../engine/tests/common/python.rs"]
mod runner;

/// Whether Python has the package.
pub(crate) fn has(package: &str) -> bool {
    let script =
        format!("from importlib.util import find_spec\nassert find_spec({package:?}), 'no {package}'");
    let found = runner::run(&["-c", &script], "");
    if let Err(error) = &found {
        missing(error.trim(), &format!("pip install {package}, and name its Python in {}", runner::VARIABLE));
    }
    found.is_ok()
}

/// What a script says that gets these arguments and this input.
pub(crate) fn script(script: &str, arguments: &[&str], input: &str) -> String {
    runner::run(&[&["-c", script], arguments].concat(), input).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs the script, which takes a JSON list of questions from its standard input, and answers each with a line.
pub(super) fn answers(script: &str, asked: &[Asked]) -> Vec<String> {
    let questions: Vec<Value> = asked.iter().map(question).collect();
    let said = self::script(script, &[], &Value::from(questions).to_string());
    said.lines().filter(|line| line.starts_with('{')).map(str::to_string).collect()
}

fn question(asked: &Asked) -> Value {
    json!({"name": asked.case.name, "csv": asked.csv, "query": asked.query, "id": ID, "part": PART})
}
