//! How strategies stand to their promises, in words: the one place in which a verdict is worded.

use dedup_records::compare::{Standing, VerifySummary};
use dedup_records::record::{self, Role};
pub(crate) use dedup_records::record::{FAILED, SKIPPED};

use crate::model::{Cell, Tone};

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

/// The same for a stranger, in a column that asks whether it did as it is documented: a fact, and neither praise nor blame.
pub(crate) fn documented(standing: Standing, role: Role) -> Verdict {
    let (words, tone) = match (standing, role) {
        (Standing::Kept, Role::Candidate) => ("yes", Tone::Plain),
        (Standing::Kept, Role::NegativeControl) => ("control: yes, where it need not", Tone::Plain),
        (Standing::Broken, Role::NegativeControl) => ("control: no, as expected", Tone::Dim),
        (Standing::Broken, _) => ("no, not as documented", Tone::Warn),
        (Standing::Void, _) => ("over capacity: not judged", Tone::Dim),
        (Standing::Inconclusive, _) => ("never happened: not judged", Tone::Dim),
        (Standing::Failed, _) => (word(standing), Tone::Bad),
        (Standing::Unjudged, _) | (Standing::Kept, Role::Floor) => (verdict(standing, role).words, Tone::Dim),
    };
    Verdict { words, tone }
}

/// The heading above what [`documented`] says.
pub(crate) const DOCUMENTED: &str = "as documented";

/// The heading above what a strategy does to pings.
pub(crate) const HARM: &str = "harm";

/// How the two columns are read where their words are short.
pub(crate) const COLUMNS: &str = "harm, whatever is documented: loses = unique pings are lost; lets many, lets few = copies come \
                                  through, 1 % of them and more, or fewer. as documented: the verdict, whether that is what the strategy promises.";

/// What a strategy does to pings, whatever it is documented to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Unique pings are gone.
    Loses,
    /// Copies come through.
    LetsThrough,
    /// Less than one copy in a hundred comes through.
    LetsFewThrough,
    /// Neither was seen.
    None,
}

/// From so many copies on of a hundred they are no longer few.
const FEW: f64 = 0.01;

impl Harm {
    /// Of uniques lost, and of the share of copies that came through.
    pub(crate) fn of(lost_count: u64, missed_ratio: f64) -> Harm {
        match lost_count {
            1.. => Harm::Loses,
            0 if missed_ratio >= FEW => Harm::LetsThrough,
            0 if missed_ratio > 0.0 => Harm::LetsFewThrough,
            0 => Harm::None,
        }
    }

    /// In a word or two, for a column of a terminal.
    pub(crate) fn short(self) -> (&'static str, Tone) {
        match self {
            Harm::Loses => ("loses", Tone::Bad),
            Harm::LetsThrough => ("lets many", Tone::Warn),
            Harm::LetsFewThrough => ("lets few", Tone::Warn),
            Harm::None => ("none seen", Tone::Plain),
        }
    }

    /// As a cell of a table: red is lost, amber let through.
    pub(crate) fn cell(self) -> Cell {
        let (words, tone) = match self {
            Harm::Loses => ("loses pings", Tone::Bad),
            Harm::LetsThrough => ("lets copies through", Tone::Warn),
            Harm::LetsFewThrough => ("lets few through", Tone::Warn),
            Harm::None => ("none seen", Tone::Plain),
        };
        Cell::text(words).toned(tone)
    }
}

/// The harm that was counted in one scenario. What shares its id with another ping nobody can tell apart: it is left out.
pub(crate) fn harm_of(verify: &VerifySummary) -> Harm {
    let missed = verify.missed_count as f64 / verify.duplicate_count.max(1) as f64;
    Harm::of(verify.told_apart_lost_count(), missed)
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
