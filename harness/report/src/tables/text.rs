//! Text with a tone, and its colour on a terminal.

use anstyle::{AnsiColor, Style};
pub(super) use dedup_records::printable::one_line;
use unicode_width::UnicodeWidthStr;

use super::look::Colour;

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
}
