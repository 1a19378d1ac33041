//! What stands above a slide: a headline as a title and a line below it, and of which stream it speaks.

use crate::model::{Figure, Section};
use crate::words::clip;

/// A headline as a title, and what follows the first semicolon or is too long for one. No line ends between a
/// number and its unit.
pub(super) fn split(headline: &str) -> (String, String) {
    let headline = headline.replace(" %", "\u{a0}%");
    match headline.split_once("; ") {
        Some((title, below)) => {
            let mut letters = below.chars();
            let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
            // Names of strategies keep their case: only prose is made to begin like a sentence.
            let prose = below.starts_with("it ")
                || below.starts_with("with ")
                || below.starts_with("in ")
                || below.starts_with("under ")
                || below.starts_with("one ")
                || below.starts_with("none ")
                || below.starts_with("all ")
                || below.starts_with("the other ");
            let below = if prose { first + letters.as_str() } else { below.to_string() };
            (title.trim_end_matches('.').to_string(), below)
        }
        None => (headline.trim_end_matches('.').to_string(), String::new()),
    }
}

/// A title says of which stream it speaks, where its sentence does not; the matrix speaks of several.
pub(super) fn on_its_stream(title: String, section: &Section, figure: &Figure) -> String {
    let stream = clip(figure.title.trim_start_matches("faults/"), 40);
    if figure.title == section.title || section.id == "matrix" || title.contains(&stream) {
        return title;
    }
    // Names of strategies keep their case: only prose is made to go on.
    let prose =
        ["Of ", "As ", "At ", "A ", "All ", "In ", "Behind ", "No ", "None ", "One ", "The ", "Under "];
    let rest = match prose.iter().any(|word| title.starts_with(word)) {
        true => {
            let mut letters = title.chars();
            let first = letters.next().map(|letter| letter.to_lowercase().to_string()).unwrap_or_default();
            first + letters.as_str()
        }
        false => title,
    };
    format!("On {stream}, {rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_becomes_a_title_and_a_line_below() {
        assert_eq!(split("It holds; it lasts."), ("It holds".into(), "It lasts.".into()));
        assert_eq!(split("redis lost 3; lru lost none."), ("redis lost 3".into(), "lru lost none.".into()));
        assert_eq!(split("All is well."), ("All is well".into(), String::new()));
    }

    #[test]
    fn a_title_says_of_which_stream_it_speaks() {
        let figure = Figure {
            title: "talk-dense".into(),
            headline: String::new(),
            source: String::new(),
            charts: Vec::new(),
            tables: Vec::new(),
            notes: Vec::new(),
            struck: Vec::new(),
        };
        let section = |id| Section {
            id,
            title: "Memory over time",
            about: "",
            headline: String::new(),
            figures: Vec::new(),
        };
        let said = |id, title: &str| on_its_stream(title.into(), &section(id), &figure);
        assert_eq!(said("memory", "At its peak lru held 3"), "On talk-dense, at its peak lru held 3");
        assert_eq!(said("memory", "redis-claim lost 3"), "On talk-dense, redis-claim lost 3");
        assert_eq!(said("memory", "On talk-dense lru lost 3"), "On talk-dense lru lost 3");
        assert_eq!(said("matrix", "lru lost 3"), "lru lost 3");
    }
}
