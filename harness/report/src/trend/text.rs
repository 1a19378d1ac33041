//! A trend as text.

use super::history::{History, Trend};
use crate::tables::Look;
use crate::words::clip;

/// Letters of a course.
const SPARKS: usize = 12;

const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What a whole line takes without its changes.
const WHOLE: usize = 110;

/// One line a history: first, last, median, its course, and what changed where. A narrow terminal gives up the median, and has
/// changes below their line.
pub fn render(trend: &Trend, look: Look) -> String {
    let width = look.width.unwrap_or(usize::MAX);
    let is_narrow = width < WHOLE;
    let mut text = String::new();
    let mut heading = None;
    let first = trend.moments.first().map_or("", |moment| &moment.started_at);
    let last = trend.moments.last().map_or("", |moment| &moment.started_at);
    text.push_str(&format!("{} runs from {first} to {last}\n", trend.moments.len()));
    for history in &trend.histories {
        let about = (&history.scenario, &history.conditions);
        if heading.replace(about) != Some(about) {
            text.push('\n');
            let said = format!("{}  {}", plain(&history.scenario), plain(&history.conditions));
            text.push_str(&wrapped(&said, "  ", width));
            let words = Words {
                strategy: "strategy".into(),
                figure: "figure",
                runs: "runs".into(),
                first: "first".into(),
                last: "last".into(),
                median: "median".into(),
                all: "all".into(),
            };
            let hint = if is_narrow { "" } else { "seems to change (a hint)" };
            text.push_str(&format!("{}\n", format!("{}  {hint}", words.line(is_narrow)).trim_end()));
        }
        text.push_str(&line(history, trend, is_narrow, width));
    }
    text.push('\n');
    text.push_str(&wrapped(
        "Hints by E-divisive (energy distance, permutation test at 1 %, at least 3 % of the median); counts of the \
         same stream and seed change wherever they differ. A busy machine looks like a change: gate judges, trend \
         shows.",
        "",
        width.min(WHOLE),
    ));
    text
}

/// What stands in a line.
struct Words {
    strategy: String,
    figure: &'static str,
    runs: String,
    first: String,
    last: String,
    median: String,
    all: String,
}

impl Words {
    fn line(&self, is_narrow: bool) -> String {
        let Words { strategy, figure, runs, first, last, median, all } = self;
        match is_narrow {
            true => format!(
                "{:<20} {figure:<15} {runs:>4} {first:>11} {last:>11}  {all:<SPARKS$}",
                clip(strategy, 20)
            ),
            false => format!(
                "{:<32} {figure:<15} {runs:>5} {first:>12} {last:>12} {median:>12}  {all:<SPARKS$}",
                clip(strategy, 32)
            ),
        }
    }
}

fn line(history: &History, trend: &Trend, is_narrow: bool, width: usize) -> String {
    let medians: Vec<f64> = history.figures.iter().map(|(_, figure)| figure.median).collect();
    let show = |value: Option<f64>| value.map_or("-".to_string(), |value| history.followed.show(value));
    let middle = dedup_records::stats::Spread::of(medians.iter().copied()).map(|spread| spread.median);
    let changes: Vec<String> = history
        .changes
        .iter()
        .map(|change| {
            let (run, _) = history.figures[change.at];
            let moment = &trend.moments[run];
            let commit =
                if moment.commit.is_empty() { String::new() } else { format!(" ({})", moment.commit) };
            format!("{} at {}{commit}", history.words(change), moment.started_at)
        })
        .collect();
    let words = Words {
        strategy: plain(&history.strategy),
        figure: history.followed.name,
        runs: medians.len().to_string(),
        first: show(medians.first().copied()),
        last: show(medians.last().copied()),
        median: show(middle),
        all: sparks(&medians),
    };
    let line = words.line(is_narrow);
    match (is_narrow, changes.is_empty()) {
        (true, true) => format!("{}\n", line.trim_end()),
        (true, false) => format!(
            "{}\n{}",
            line.trim_end(),
            wrapped(&format!("    seems to change: {}", changes.join("; ")), "      ", width)
        ),
        (false, true) => format!("{line}  -\n"),
        (false, false) => format!("{line}  {}\n", changes.join("; ")),
    }
}

/// Lines of so many letters, further ones indented.
fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let begins: String = text.chars().take_while(|letter| *letter == ' ').collect();
    let (mut out, mut line) = (String::new(), begins);
    for word in text.trim_start().split(' ') {
        let is_empty = line.trim().is_empty();
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            out.push_str(line.trim_end());
            out.push('\n');
            line = indent.to_string();
        } else if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
    }
    format!("{out}{}\n", line.trim_end())
}

/// The course of a figure in a few letters: of many runs the last.
fn sparks(values: &[f64]) -> String {
    let last = &values[values.len().saturating_sub(SPARKS)..];
    let low = last.iter().copied().fold(f64::INFINITY, f64::min);
    let high = last.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let step = |value: &f64| match high > low {
        true => HEIGHTS[((value - low) / (high - low) * (HEIGHTS.len() - 1) as f64).round() as usize],
        false => HEIGHTS[0],
    };
    last.iter().map(step).collect()
}

fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_on_below_each_other_within_their_width() {
        assert_eq!(wrapped("  one two three", "    ", 9), "  one two\n    three\n");
        assert_eq!(wrapped("a  b", "", usize::MAX), "a  b\n");
        assert_eq!(wrapped("longer than it", "", 4), "longer\nthan\nit\n");
    }

    #[test]
    fn what_stands_in_a_line_fits_into_eighty_columns() {
        let long = || "x".repeat(40);
        let words = Words {
            strategy: long(),
            figure: "pings a second",
            runs: "1234".into(),
            first: "1,234.5 M/s".into(),
            last: "1,234.5 M/s".into(),
            median: "1,234.5 M/s".into(),
            all: HEIGHTS[0].to_string().repeat(SPARKS),
        };
        assert!(words.line(true).chars().count() <= 80, "{}", words.line(true));
        assert!(words.line(false).chars().count() <= WHOLE, "{}", words.line(false));
    }

    #[test]
    fn a_course_is_drawn_between_its_least_and_its_most() {
        assert_eq!(sparks(&[1.0, 2.0, 1.0, 8.0]), "▁▂▁█");
        assert_eq!(sparks(&[3.0, 3.0]), "▁▁");
        assert_eq!(sparks(&[]), "");
        assert_eq!(sparks(&[0.0; 40]).chars().count(), SPARKS);
    }
}
