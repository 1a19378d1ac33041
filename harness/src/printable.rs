//! Text from outside, made fit to be printed.

use std::borrow::Cow;

/// `text` with its control characters spelled out, line breaks left alone: a file's name, a column or a message of a
/// server may hold sequences that a terminal obeys.
pub fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |letter: char| letter.is_control() && letter != '\n';
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match obeyed(letter) {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out_and_nothing_else() {
        assert_eq!(printable("a\u{1b}[31m\tb\u{9b}2J\nß 🦀"), "a\\u{1b}[31m\\tb\\u{9b}2J\nß 🦀");
        assert!(matches!(printable("ünï\n"), Cow::Borrowed("ünï\n")));
    }
}
