//! A rising curve of shares, drawn with letters.

use std::time::Duration;

/// Which letters a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// Blocks of eighths.
    Unicode,
    /// ASCII alone.
    Ascii,
}

impl Marks {
    /// Those of the locale, as the C library finds it.
    pub(super) fn of_locale() -> Marks {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let utf8 = locale.to_ascii_uppercase().replace('-', "").contains("UTF8");
        if utf8 { Marks::Unicode } else { Marks::Ascii }
    }

    /// From empty to full.
    fn levels(self) -> &'static [char] {
        match self {
            Marks::Unicode => &[' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Marks::Ascii => &[' ', '.', ':', '#'],
        }
    }
}

/// Columns for the curve; with its scale it stays within 80.
const WIDTH: usize = 68;
const HEIGHT: usize = 10;
/// Columns before the curve.
const SCALE: usize = 8;

/// Draws the share (0 to 1) that `share` gives for lengths of time from `from` to `to`, which are spaced by their
/// logarithms; `name` says a length in a few letters.
pub(super) fn draw(
    (from, to): (Duration, Duration),
    marks: Marks,
    share: impl Fn(Duration) -> f64,
    name: impl Fn(Duration) -> String,
) -> String {
    let (from_s, ratio) = (from.as_secs_f64(), to.as_secs_f64() / from.as_secs_f64());
    let at = |column: f64| Duration::from_secs_f64(from_s * ratio.powf(column / (WIDTH - 1) as f64));
    let shares: Vec<f64> = (0..WIDTH).map(|column| share(at(column as f64))).collect();
    let mut text = String::new();
    for row in (0..HEIGHT).rev() {
        let scale = match row + 1 {
            HEIGHT => "100 %",
            half if half == HEIGHT / 2 => "50 %",
            _ => "",
        };
        let line: String = shares.iter().map(|share| mark(marks.levels(), *share, row)).collect();
        text += format!("{scale:>6} |{line}").trim_end();
        text.push('\n');
    }
    text += &format!("{:>6} +{}\n", "0 %", "-".repeat(WIDTH));
    text + &names(|column| name(at(column as f64))) + "\n"
}

/// What stands for a share in a row of the curve, counted from below.
fn mark(levels: &[char], share: f64, row: usize) -> char {
    let full = levels.len() - 1;
    let reached = (share * (HEIGHT * full) as f64).round() as usize;
    levels[reached.saturating_sub(row * full).min(full)]
}

/// Lengths below the curve, each beginning at its column.
fn names(name: impl Fn(usize) -> String) -> String {
    const EVERY: usize = 12;
    let mut line = " ".repeat(SCALE);
    for column in (0..WIDTH - 4).step_by(EVERY) {
        line += &" ".repeat((SCALE + column).saturating_sub(line.chars().count()));
        line += &name(column);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(marks: Marks) -> String {
        let (from, to) = (Duration::from_millis(1), Duration::from_secs(1000));
        let share = |window: Duration| (window.as_secs_f64() * 1e3).log10() / 6.0;
        draw((from, to), marks, share, |window| format!("{:.0e}", window.as_secs_f64()))
    }

    #[test]
    fn a_curve_fits_a_terminal_and_rises_from_nothing_to_all() {
        for marks in [Marks::Unicode, Marks::Ascii] {
            let text = drawn(marks);
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            let full = *marks.levels().last().unwrap();
            let filled = |line: &str| line.chars().filter(|letter| *letter == full).count();
            let rows: Vec<usize> = text.lines().take(HEIGHT).map(filled).collect();
            assert!(rows.is_sorted() && rows[0] < 8 && rows[HEIGHT - 1] > 55, "{text}");
            assert!(text.lines().next().unwrap().ends_with(full), "{text}");
        }
        assert!(drawn(Marks::Ascii).is_ascii());
    }
}
