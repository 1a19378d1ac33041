//! ClickHouse, in a process of its own, by its Python package.

use super::cases;
use super::{Asked, python};
use crate::tool::Tool;

const SCRIPT: &str = include_str!("in_clickhouse.py");

#[test]
fn clickhouse_answers_as_our_reader_does() {
    if !python::has("chdb") {
        return;
    }
    let tool = Tool::new();
    let table = "\"it's \\`live\\\"";
    let asked: Vec<Asked> =
        cases::all().into_iter().map(|case| Asked::new(&tool, case, "clickhouse", table)).collect();
    let answers = python::answers(SCRIPT, &asked);
    assert_eq!(answers.len(), asked.len());
    asked.iter().zip(answers).for_each(|(asked, answer)| asked.is_answered_by(&tool, &answer));
}
