//! How a row's standing is said in words.

use dedup_records::compare::{Finding, Row, Standing};
use dedup_records::record::Role;

use super::text::{Text, Tone};

/// The words of the verdict column.
pub(super) fn verdict(row: &Row) -> Text {
    let (word, tone) = match (row.standing, row.role) {
        (Standing::Kept | Standing::Unjudged, Role::Floor) => return Text::dim("floor"),
        (Standing::Kept, Role::NegativeControl) => return Text::plain("control: kept, where it may break"),
        (Standing::Broken, Role::NegativeControl) => return Text::dim("control: broken as expected"),
        (Standing::Kept, _) => return Text::plain("kept"),
        (Standing::Unjudged, _) => return Text::dim("not verified"),
        (Standing::Void, _) => ("void", Tone::Plain),
        (Standing::Inconclusive, _) => ("inconclusive", Tone::Plain),
        (Standing::Broken, _) => ("BROKEN", Tone::Bad),
        (Standing::Failed, _) => ("FAILED", Tone::Bad),
    };
    let text = match row.findings.split_first() {
        Some((first, [])) => format!("{word}: {}", first.text),
        Some((first, rest)) => format!("{word}: {} (+{} below)", first.text, rest.len()),
        None => word.to_string(),
    };
    Text::new(text, tone)
}

/// A standing in one word.
pub(super) fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Kept => "kept",
        Standing::Unjudged => "not verified",
        Standing::Void => "void",
        Standing::Inconclusive => "inconclusive",
        Standing::Broken => "broken",
        Standing::Failed => "failed",
    }
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
