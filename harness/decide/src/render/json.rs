//! A decision as JSON.

use std::collections::BTreeMap;

use dedup_records::curve::Curve;
use serde_json::json;

use crate::checked::Checked;
use crate::decision::Decision;
use crate::needs::ASSUMED;
use crate::render::{recipe, sentence};
use crate::sensitivity::Change;

/// One object: the question, the answer, what it assumes of numbers where it is asked for any, every figure with its origin, what would change the answer, and the curves that
/// times were read off.
pub fn json(decision: &Decision, changes: &[Change], checked: &[Checked]) -> String {
    let recipe =
        decision.survivors.first().map(|first| recipe(&first.candidate, &first.assessment, decision));
    let judged = decision.survivors.iter().chain(&decision.excluded);
    let curves: BTreeMap<&str, &Curve> = judged
        .filter_map(|judged| {
            let candidate = &judged.candidate;
            Some((candidate.strategy.as_str(), &*candidate.measured.as_ref()?.curve))
        })
        .collect();
    let assumed = (!decision.needs.numbers.is_none()).then_some(ASSUMED);
    let all = json!({
        "advice": 1,
        "sentence": sentence(decision),
        "assumed": assumed,
        "decision": decision,
        "changes": changes,
        "recipe": recipe,
        "curves": curves,
        "checked": checked,
    });
    let mut text = serde_json::to_string_pretty(&all).expect("a decision is plain JSON");
    text.push('\n');
    text
}
