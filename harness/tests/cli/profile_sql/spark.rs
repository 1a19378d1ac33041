//! Spark on this machine, by its Python package.

use super::cases;
use super::{Asked, python};
use crate::tool::Tool;

const SCRIPT: &str = include_str!("in_spark.py");

#[test]
fn spark_answers_as_our_reader_does() {
    if !python::has("pyspark") {
        return;
    }
    let tool = Tool::new();
    let asked: Vec<Asked> =
        cases::all().into_iter().map(|case| Asked::new(&tool, case, "spark", "`it's live`")).collect();
    let answers = python::answers(SCRIPT, &asked);
    assert_eq!(answers.len(), asked.len());
    asked.iter().zip(answers).for_each(|(asked, answer)| asked.is_answered_by(&tool, &answer));
}
