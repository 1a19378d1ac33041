//! How strategies stand to their promises, in words: the one place in which a verdict is worded.

use dedup_records::compare::Standing;
use dedup_records::record::{self, Role};
pub(crate) use dedup_records::record::{FAILED, SKIPPED};

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
        (Standing::Kept | Standing::Unjudged, Role::Floor) => (Role::Floor.name(), Tone::Dim),
        (Standing::Kept, Role::NegativeControl) => ("control: kept, where it may break", Tone::Plain),
        (Standing::Broken, Role::NegativeControl) => ("control: broken as expected", Tone::Dim),
        (Standing::Kept, Role::Candidate) => (word(standing), Tone::Good),
        (Standing::Unjudged, _) => (word(standing), Tone::Dim),
        (Standing::Void | Standing::Inconclusive, _) => (word(standing), Tone::Warn),
        (Standing::Broken, _) => ("BROKEN", Tone::Bad),
        (Standing::Failed, _) => (FAILED, Tone::Bad),
    };
    Verdict { words, tone }
}

/// A standing in one word, for running text and for programs.
pub(crate) fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Kept => record::Verdict::Kept.name(),
        Standing::Unjudged => "not verified",
        Standing::Void => record::Verdict::Void.name(),
        Standing::Inconclusive => record::Verdict::Inconclusive.name(),
        Standing::Broken => record::Verdict::Broken.name(),
        Standing::Failed => "failed",
    }
}

/// What is to break its promise, in a count of strategies.
pub(crate) const CONTROL: &str = "control";

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    /// The program's own code below a folder, without its tests.
    fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| match path.extension() {
                _ if path.is_dir() => sources(&path),
                Some(kind) if kind == "rs" && !path.ends_with("tests.rs") => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let own = text.split("#[cfg(test)]").next().unwrap_or_default().to_string();
                    vec![(path, own)]
                }
                _ => Vec::new(),
            })
            .collect()
    }

    #[test]
    fn no_other_file_words_a_verdict() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let words = ["floor", "control", "kept", "not verified", "void", "inconclusive", "broken", "BROKEN"]
            .into_iter()
            .chain(["failed", super::FAILED, super::SKIPPED]);
        let others: Vec<(PathBuf, String)> =
            sources(&here).into_iter().filter(|(path, _)| *path != here.join("verdict.rs")).collect();
        assert!(others.len() > 40, "{} files", others.len());
        for word in words {
            // As a text of its own, or at the head of one.
            for quoted in [format!("\"{word}\""), format!("\"{word}:"), format!("\"{word}{{")] {
                for (path, text) in &others {
                    assert!(!text.contains(&quoted), "{quoted} in {}", path.display());
                }
            }
        }
    }
}
