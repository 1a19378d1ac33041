//! The verdict column: the verdict, and the first thing that was found against it.

use dedup_records::compare::{Finding, Row};

use super::text::Text;
use crate::model::Tone;
use crate::verdict::verdict;

/// The verdict of a row, and what was found where that explains it.
pub(super) fn with_finding(row: &Row) -> Text {
    let verdict = verdict(row.standing, row.role);
    let text = match (row.findings.as_slice(), verdict.tone) {
        ([only], Tone::Warn | Tone::Bad) => format!("{}: {}", verdict.words, only.text),
        ([first, rest @ ..], Tone::Warn | Tone::Bad) => {
            format!("{}: {} (+{} below)", verdict.words, first.text, rest.len())
        }
        _ => verdict.words.to_string(),
    };
    Text::new(text, verdict.tone.into())
}

/// A finding with the pass and the rounds that it comes from.
pub(super) fn finding(finding: &Finding, rounds_count: u32) -> String {
    let rounds: Vec<String> = finding.rounds.iter().map(|round| (round + 1).to_string()).collect();
    let which = match rounds.as_slice() {
        some if rounds_count <= 1 || some.len() as u32 >= rounds_count => String::new(),
        [one] => format!(", round {one}"),
        some => format!(", rounds {}", some.join(" ")),
    };
    format!("{} ({}{which})", finding.text, finding.pass.name())
}
