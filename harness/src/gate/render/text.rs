//! For a terminal or a log.

use unicode_width::UnicodeWidthStr;

use super::{found, headline, limits, parties};
use crate::gate::verdict::Verdict;
use crate::printable::printable;

/// The verdict as aligned text.
pub fn text(verdict: &Verdict) -> String {
    let mut lines = vec![parties(verdict)];
    lines.extend(limits(verdict));
    for fact in &verdict.facts {
        let mark = if fact.doubtful { "!" } else { " " };
        lines.push(format!("{mark} {}: {}", fact.name, fact.found));
    }
    lines.push(String::new());
    let rows: Vec<[String; 5]> = verdict
        .metrics
        .iter()
        .map(|metric| {
            let [change, from] = found(metric);
            [metric.decision.word().to_string(), metric.name(), change, from, metric.reason.clone()]
        })
        .collect();
    lines.extend(columns(&rows));
    lines.push(String::new());
    lines.extend(verdict.notes.iter().map(|note| format!("note: {note}")));
    lines.push(headline(verdict));
    lines.iter().map(|line| format!("{}\n", printable(line))).collect()
}

fn columns(rows: &[[String; 5]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let padded = |row: &[String; 5]| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    rows.iter().map(padded).collect()
}
