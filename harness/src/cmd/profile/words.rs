//! Shares and lengths of time in words.

use std::time::Duration;

use dedup_profile::Times;

use crate::units::{fixed, percentages, plural, thousands};

/// The longest line, in letters.
const WIDTH: usize = 100;

/// `text` in lines that are broken between words; those after the first are indented.
pub(super) fn wrapped(text: &str) -> String {
    const INDENT: &str = "\n  ";
    let (mut wrapped, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let letters = word.chars().count();
        let (before, begins) = match column {
            0 => ("", 0),
            column if column + 1 + letters > WIDTH => (INDENT, INDENT.len() - 1),
            column => (" ", column + 1),
        };
        wrapped += before;
        wrapped += word;
        column = begins + letters;
    }
    wrapped
}

pub(super) fn percent(share: f64) -> String {
    match percentages(&[Some(share)]).pop() {
        Some(text) => format!("{text} %"),
        None => String::new(),
    }
}

/// A length that is enough: rounded up.
pub(super) fn length(times: Times, window: Duration) -> String {
    scaled(times, window, f64::ceil)
}

/// A length to the nearest.
pub(super) fn rounded(times: Times, window: Duration) -> String {
    scaled(times, window, f64::round)
}

/// Without times, a millisecond is a ping. Two digits at least, in the largest unit of which there are two.
fn scaled(times: Times, window: Duration, round: fn(f64) -> f64) -> String {
    const UNITS: [(f64, &str); 5] =
        [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (0.001, "ms")];
    let seconds = window.as_secs_f64();
    if times == Times::Order {
        return plural(round(seconds * 1e3) as u64, "ping");
    }
    // Windows of up to four days are spoken of in hours.
    let fits = |(scale, _): &(f64, &str)| seconds >= scale * if *scale > 3_600.0 { 4.0 } else { 2.0 };
    let (scale, unit) = UNITS.into_iter().find(fits).unwrap_or((0.001, "ms"));
    // A hair less, so that a number that cannot be written in binary is not rounded up from itself.
    match seconds / scale * (1.0 - 1e-12) {
        few if few < 10.0 => {
            let text = fixed(round(few * 10.0) / 10.0, 1);
            format!("{} {unit}", text.trim_end_matches(".0"))
        }
        many => format!("{} {unit}", thousands(round(many) as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_keep_each() {
        let long = "word ".repeat(50);
        let lines = wrapped(&long);
        assert!(lines.lines().all(|line| line.chars().count() <= WIDTH), "{lines}");
        assert_eq!(lines.lines().count(), 3);
        assert_eq!(lines.split_whitespace().count(), 50);
        assert_eq!((wrapped("a b").as_str(), wrapped("").as_str()), ("a b", ""));
        let whole = "x".repeat(2 * WIDTH);
        assert_eq!(wrapped(&format!("a {whole} b")), format!("a\n  {whole}\n  b"));
    }
}
