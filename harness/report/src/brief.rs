//! The shortest table that still tells strategies apart, as Markdown: for the first page of a project.

use dedup_records::compare::{Block, Clock, Comparison, Row, Standing};
use dedup_records::metrics::{BYTES_PER_ID, LOST, MISSED, Metric, THROUGHPUT};
use dedup_records::stats::rule_of_three;
use dedup_records::units::{duration, percentages, plural, short, thousands};

use crate::panel::machine;
use crate::tables::escape;
use crate::verdict::{SKIPPED, verdict, word};
use crate::words::{list, nanos, program, rate, three};

/// A column: its title, how its cells lean, and its cells.
struct Column {
    title: &'static str,
    rule: &'static str,
    cells: Vec<String>,
}

/// One table a scenario: two lines of facts, at most seven columns, and the few notes that they need.
pub(crate) fn tables(comparison: &Comparison) -> String {
    let tables: Vec<String> = comparison.blocks.iter().map(|block| table(block, comparison)).collect();
    tables.join("\n")
}

fn table(block: &Block, comparison: &Comparison) -> String {
    let columns = columns(block);
    let mut lines = vec![format!("{}  ", pings(block)), escape(&made_on(block, comparison)), String::new()];
    lines.push(line(columns.iter().map(|column| column.title)));
    lines.push(line(columns.iter().map(|column| column.rule)));
    for row in 0..block.rows.len() {
        lines.push(line(columns.iter().map(|column| column.cells[row].as_str())));
    }
    lines.push(String::new());
    lines.extend(notes(block).iter().map(|note| format!("- {}", escape(note))));
    lines.push(String::new());
    lines.join("\n")
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

fn pings(block: &Block) -> String {
    let stream = &block.stream;
    let window = stream.window_ns.map_or(String::new(), |ns| format!("; window {}", duration(ns)));
    let counted = block.widest_verify().map_or(word(Standing::Unjudged).to_string(), |verify| {
        let rounds = plural(verify.rounds_count.into(), "round");
        let (all, copies) = (thousands(verify.pings_count), thousands(verify.duplicate_count));
        format!("{all} pings in {rounds}, {copies} of them duplicates")
    });
    format!("**{}**: {counted}{window}", escape(&stream.scenario))
}

fn made_on(block: &Block, comparison: &Comparison) -> String {
    let sources = comparison.runs.iter().filter(|source| block.runs.contains(&source.label));
    let programs: Vec<String> = sources.map(|source| program(&source.run)).collect();
    format!("{}; {}", machine(&block.machine), programs.join("; "))
}

fn columns(block: &Block) -> [Column; 7] {
    let rows = &block.rows;
    let text = |title, cell: &dyn Fn(&Row) -> String| Column {
        title,
        rule: "---",
        cells: rows.iter().map(cell).collect(),
    };
    let number = |title, cell: &dyn Fn(&Row) -> Option<String>| {
        let cells = rows.iter().map(|row| cell(row).unwrap_or_else(|| "-".to_string()));
        Column { title, rule: "---:", cells: cells.collect() }
    };
    [
        text("strategy", &|row| escape(&row.strategy)),
        share("missed, % of duplicates", &MISSED, rows),
        share("lost, % of uniques", &LOST, rows),
        number("pings a second", &|row| row.summary.value(&THROUGHPUT).map(rate)),
        number("p99", &p99),
        number("bytes an id", &|row| row.summary.value(&BYTES_PER_ID).map(three)),
        text("verdict", &|row| verdict(row.standing, row.role).words.to_string()),
    ]
}

fn share(title: &'static str, metric: &Metric, rows: &[Row]) -> Column {
    let counts = |row: &Row| row.summary.counts(metric);
    let share = |row: &Row| counts(row).filter(|(_, of)| *of > 0).map(|(count, of)| count as f64 / of as f64);
    Column { title, rule: "---:", cells: percentages(&rows.iter().map(share).collect::<Vec<_>>()) }
}

fn p99(row: &Row) -> Option<String> {
    let (times, clock) = row.summary.waiting()?;
    let star = if clock == Clock::Virtual { "\\*" } else { "" };
    Some(nanos(times.p99.median) + star)
}

fn notes(block: &Block) -> Vec<String> {
    let mut notes = vec![
        "missed counts all duplicates; a verdict is about those that come within the window that a strategy promises."
            .to_string(),
    ];
    if let Some(verify) = block.widest_verify() {
        let below = |n: u64| short(rule_of_three(n) * 100.0);
        notes.push(format!(
            "0 = none seen: with 95 % confidence below {} % missed, and below {} % lost.",
            below(verify.duplicate_count),
            below(verify.unique_count)
        ));
    }
    if block.rows.iter().any(|row| matches!(row.summary.waiting(), Some((_, Clock::Virtual)))) {
        notes.push(
            "* = how long a ping is held until it is released; others: how long a batch waits.".to_string(),
        );
    }
    let mut skipped: Vec<String> = block.skipped.iter().map(|skip| skip.strategy.clone()).collect();
    skipped.dedup();
    if !skipped.is_empty() {
        notes.push(format!("{SKIPPED}: {}.", list(&skipped, skipped.len())));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_records::filter::Filter;
    use dedup_records::record::sample;

    #[test]
    fn a_brief_table_has_seven_columns_two_lines_above_it_and_few_notes() {
        let comparison = Comparison::from_runs(&[sample::run()], &Filter::default(), None).unwrap();
        let text = tables(&comparison);
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert!(rows.iter().all(|row| row.matches(" | ").count() == 6), "{text}");
        assert_eq!(rows.len(), 2 + comparison.blocks[0].rows.len());
        assert_eq!(text.lines().position(|line| line.is_empty()), Some(2), "{text}");
        insta::assert_snapshot!(text);
    }
}
