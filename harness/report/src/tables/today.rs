//! The part of the talk's table that says what people run today.

use dedup_records::stats::rule_of_three;
use dedup_records::units::{bytes, duration, short, thousands};

use super::columns::{self, Column};
use super::grid::Align;
use super::look::Look;
use super::markdown;
use super::text::{Text, prose};
use crate::talk::{System, Today, Worst};
use crate::verdict::{Harm, SKIPPED, verdict};

const TODAY: &[Column<System>] = &[
    ("system", "", Align::Left, |system| Text::plain(system.row.strategy.as_str())),
    ("harm", "", Align::Left, harm),
    ("missed", "% dups", Align::Right, |system| share(system.row.missed_live_ratio)),
    ("lost", "% uniq", Align::Right, |system| share(system.row.lost_ratio)),
    ("worst fault", "", Align::Left, |system| shown(system.row.worst.as_ref().map(Worst::said))),
    ("rate", "pings/s", Align::Right, |system| {
        shown(system.pings_per_s.map(|rate| thousands(rate.round() as u64)))
    }),
    ("p99", "", Align::Right, |system| shown(system.row.p99_ns.map(duration))),
    ("mem", "B/id", Align::Right, |system| shown(system.row.bytes_per_id.map(short))),
    ("at 16,000/s", "its window", Align::Right, |system| {
        shown(system.row.full_bytes.map(|needed| bytes(needed.round() as u64)))
    }),
    ("to operate", "", Align::Left, |system| Text::dim(system.row.operated.as_deref().unwrap_or("-"))),
];

/// As lines of a terminal.
pub(super) fn aligned(today: &Today, look: Look) -> Vec<String> {
    let grid = columns::grid(TODAY, &today.rows);
    let wrapped = |text: &str| prose(text, 2, look);
    let mut lines = wrapped(&heading(today));
    lines.push(String::new());
    match look.width.is_some_and(|width| grid.width_with(usize::MAX) > width) {
        false => lines.extend(grid.render(look)),
        // No line breaks: each system is a paragraph.
        true => lines.extend(today.rows.iter().flat_map(|system| wrapped(&in_a_sentence(system)))),
    }
    lines.push(String::new());
    lines.extend(notes(today).iter().flat_map(|note| wrapped(note)));
    lines.push(String::new());
    lines
}

fn in_a_sentence(system: &System) -> String {
    let said = TODAY[1..].iter().map(|(title, unit, _, text)| {
        format!("{}: {}", format!("{title} {unit}").trim_end(), text(system).text)
    });
    format!("{}: {}", system.row.strategy, said.collect::<Vec<_>>().join("; "))
}

pub(super) fn in_markdown(today: &Today) -> Vec<String> {
    let mut lines = vec![
        "### what people run today".to_string(),
        String::new(),
        markdown::escape(&heading(today)),
        String::new(),
    ];
    lines.extend(columns::in_markdown(TODAY, &today.rows));
    lines.push(String::new());
    lines.extend(notes(today).iter().map(|note| format!("- {}", markdown::escape(note))));
    lines.push(String::new());
    lines
}

fn heading(today: &Today) -> String {
    format!(
        "what people run today: the same day and a half, windows of a day: {} pings, {} duplicates",
        thousands(today.pings_count),
        thousands(today.duplicate_count)
    )
}

fn notes(today: &Today) -> Vec<String> {
    let bound = short(rule_of_three(today.uniques()) * 100.0);
    let mut notes =
        vec![format!("lost 0 = none seen; the true share is, with 95 % confidence, below {bound} %.")];
    notes.extend(today.notes());
    for skip in &today.skipped {
        notes.push(format!("{SKIPPED}: {}: {}; {}", skip.strategy, skip.reason, skip.remedy));
    }
    notes
}

fn harm(system: &System) -> Text {
    match system.row.harm.filter(|_| !system.is_floor()) {
        Some(harm) => {
            let (words, tone) = Harm::short(harm);
            Text::new(words, tone.into())
        }
        None => Text::dim(verdict(system.row.standing, system.row.role).words),
    }
}

fn share(ratio: Option<f64>) -> Text {
    shown(ratio.map(|ratio| short(ratio * 100.0)))
}

fn shown(text: Option<String>) -> Text {
    text.map_or(Text::dim("-"), Text::plain)
}
