//! How strategies stand to their promises, in words: the one place in which a verdict is worded.

use dedup_records::compare::Standing;
use dedup_records::record::Role;

use crate::model::Tone;

/// A verdict in words, and how it is to be taken.
pub(crate) struct Verdict {
    pub(crate) words: &'static str,
    pub(crate) tone: Tone,
}

/// What is said of a strategy that stands like this: a negative control is expected to break its promise, and of a floor
/// that came to its end there is nothing to say.
pub(crate) fn verdict(standing: Standing, role: Role) -> Verdict {
    let (words, tone) = match (standing, role) {
        (Standing::Kept | Standing::Unjudged, Role::Floor) => ("floor", Tone::Dim),
        (Standing::Kept, Role::NegativeControl) => ("control: kept, where it may break", Tone::Plain),
        (Standing::Broken, Role::NegativeControl) => ("control: broken as expected", Tone::Dim),
        (Standing::Kept, Role::Candidate) => (word(standing), Tone::Good),
        (Standing::Unjudged, _) => (word(standing), Tone::Dim),
        (Standing::Void | Standing::Inconclusive, _) => (word(standing), Tone::Warn),
        (Standing::Broken, _) => ("BROKEN", Tone::Bad),
        (Standing::Failed, _) => ("FAILED", Tone::Bad),
    };
    Verdict { words, tone }
}

/// A standing in one word, for running text and for programs.
pub(crate) fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Kept => "kept",
        Standing::Unjudged => "not verified",
        Standing::Void => "void",
        Standing::Inconclusive => "inconclusive",
        Standing::Broken => "broken",
        Standing::Failed => "failed",
    }
}

/// What could not run here stands nowhere.
pub(crate) const SKIPPED: &str = "skipped";
