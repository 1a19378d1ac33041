//! A decision as JSON.

use serde_json::json;

use crate::decision::Decision;
use crate::render::{recipe, sentence};
use crate::sensitivity::Change;

/// One object: the question, the answer, every figure with its origin, and what would change the answer.
pub fn json(decision: &Decision, changes: &[Change]) -> String {
    let recipe =
        decision.survivors.first().map(|first| recipe(&first.candidate, &first.assessment, decision));
    let all = json!({
        "advice": 1,
        "sentence": sentence(decision),
        "decision": decision,
        "changes": changes,
        "recipe": recipe,
    });
    let mut text = serde_json::to_string_pretty(&all).expect("a decision is plain JSON");
    text.push('\n');
    text
}
