//! A trend as text.

use super::history::{History, Trend};
use crate::words::clip;

/// Letters of a course.
const SPARKS: usize = 12;

const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One line a history: first, last, range and what changed where.
pub fn render(trend: &Trend) -> String {
    let mut text = String::new();
    let mut heading = None;
    let first = trend.moments.first().map_or("", |moment| &moment.started_at);
    let last = trend.moments.last().map_or("", |moment| &moment.started_at);
    text.push_str(&format!("{} runs from {first} to {last}\n", trend.moments.len()));
    for history in &trend.histories {
        let about = (&history.scenario, &history.conditions);
        if heading.replace(about) != Some(about) {
            text.push_str(&format!("\n{}  {}\n", plain(&history.scenario), plain(&history.conditions)));
            text.push_str(&format!(
                "{:<32} {:<15} {:>5} {:>12} {:>12} {:>12}  {:<SPARKS$}  {}\n",
                "strategy", "figure", "runs", "first", "last", "median", "all", "seems to change (a hint)"
            ));
        }
        text.push_str(&line(history, trend));
    }
    text.push_str(
        "\nHints by E-divisive (energy distance, permutation test at 1 %, at least 3 % of the median); counts of the \
         same\nstream and seed change wherever they differ. A busy machine looks like a change: gate judges, trend shows.\n",
    );
    text
}

fn line(history: &History, trend: &Trend) -> String {
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
    let changes = if changes.is_empty() { "-".to_string() } else { changes.join("; ") };
    format!(
        "{:<32} {:<15} {:>5} {:>12} {:>12} {:>12}  {:<SPARKS$}  {changes}\n",
        plain(&clip(&history.strategy, 32)),
        history.followed.name,
        medians.len(),
        show(medians.first().copied()),
        show(medians.last().copied()),
        show(middle),
        sparks(&medians),
    )
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
    fn a_course_is_drawn_between_its_least_and_its_most() {
        assert_eq!(sparks(&[1.0, 2.0, 1.0, 8.0]), "▁▂▁█");
        assert_eq!(sparks(&[3.0, 3.0]), "▁▁");
        assert_eq!(sparks(&[]), "");
        assert_eq!(sparks(&[0.0; 40]).chars().count(), SPARKS);
    }
}
