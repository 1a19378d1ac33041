//! Text with a tone, and its colour on a terminal.

use anstyle::{AnsiColor, Style};
pub(super) use dedup_records::printable::one_line;
use unicode_width::UnicodeWidthStr;

use super::look::{Colour, Look};

/// Columns of prose where the place says nothing, and at most.
const PROSE: usize = 110;
/// And at least, also where the terminal is narrower.
const NARROWEST: usize = 40;

/// What a piece of text is about; colour only repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As anything.
    Plain,
    /// A heading.
    Strong,
    /// The best of its column among kept promises.
    Best,
    /// A promise broken, or a failure.
    Bad,
    /// Said by the way.
    Dim,
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl Text {
    /// In this tone; a blank for each control character.
    pub fn new(text: impl Into<String>, tone: Tone) -> Text {
        Text { text: one_line(&text.into()), tone }
    }

    /// As anything.
    pub fn plain(text: impl Into<String>) -> Text {
        Text::new(text, Tone::Plain)
    }

    /// Said by the way.
    pub fn dim(text: impl Into<String>) -> Text {
        Text::new(text, Tone::Dim)
    }
}

impl From<crate::model::Tone> for Tone {
    fn from(tone: crate::model::Tone) -> Tone {
        use crate::model::Tone as OnAPage;
        match tone {
            OnAPage::Plain | OnAPage::Good | OnAPage::Warn => Tone::Plain,
            OnAPage::Bad => Tone::Bad,
            OnAPage::Dim => Tone::Dim,
        }
    }
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Best => AnsiColor::Green.on_default().bold(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Dim => Style::new().dimmed(),
        }
    }

    /// `text` in this tone's style.
    pub(super) fn paint(self, text: &str, colour: Colour) -> String {
        match (self, colour) {
            (Tone::Plain, _) | (_, Colour::Off) => text.to_string(),
            (tone, Colour::On) => format!("{style}{text}{style:#}", style = tone.style()),
        }
    }
}

/// Prose as wide as the place shows it, one string a line; those after the first begin with `indent` blanks.
pub(super) fn prose(text: &str, indent: usize, look: Look) -> Vec<String> {
    wrap(text, prose_width(look), indent)
}

/// The same, its first line begun with `begins`, and the others with as many blanks; ends in a line feed.
pub fn paragraph(begins: &str, text: &str, look: Look) -> String {
    let indent = begins.width();
    let lines = wrap(text, prose_width(look).saturating_sub(indent), 0);
    format!("{begins}{}\n", lines.join(&format!("\n{}", " ".repeat(indent))))
}

fn prose_width(look: Look) -> usize {
    look.width.unwrap_or(PROSE).clamp(NARROWEST, PROSE)
}

/// Breaks `text` at spaces into lines of at most `width` columns; a longer word keeps a line of its own.
/// Lines after the first are indented by `indent`.
pub(super) fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in one_line(text).split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(" ".repeat(indent) + word),
            None => lines.push(word.to_string()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_breaks_its_line_or_reaches_the_terminal_as_a_command() {
        assert_eq!(Text::plain("panicked:\nat \u{1b}[31mfoo").text, "panicked: at  [31mfoo");
        assert_eq!(wrap("a\n\u{1b}[2Jb", 20, 0), ["a [2Jb"]);
    }

    #[test]
    fn lines_break_at_spaces_and_keep_every_word() {
        assert_eq!(wrap("aa bb cc", 5, 0), ["aa bb", "cc"]);
        assert_eq!(wrap("aa bb cc", 5, 2), ["aa bb", "  cc"]);
        assert_eq!(wrap("abcdefgh ij", 5, 2), ["abcdefgh", "  ij"]);
    }

    #[test]
    fn prose_is_as_wide_as_the_place_and_neither_too_wide_nor_too_narrow_to_be_read() {
        let text = "word ".repeat(100);
        for (width, widest) in [(None, 110), (Some(200), 110), (Some(80), 80), (Some(5), 40)] {
            let look = Look { width, ..Look::PLAIN };
            let lines = [
                prose(&text, 2, look),
                paragraph("note: ", &text, look).lines().map(str::to_string).collect(),
            ];
            for lines in lines {
                let longest = lines.iter().map(|line| line.width()).max().unwrap();
                assert!((widest - 5..=widest).contains(&longest), "{width:?}: {longest}");
            }
        }
        assert_eq!(paragraph("    ", "a b", Look::PLAIN), "    a b\n");
        let look = Look { width: Some(40), ..Look::PLAIN };
        let long = "word word word word word word word word word";
        assert_eq!(paragraph("- ", long, look), "- word word word word word word word\n  word word\n");
    }
}
