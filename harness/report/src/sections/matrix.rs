//! Strategies against faults, or against scenarios where none has a fault, with exact counts.

use std::collections::BTreeSet;

use dedup_records::compare::Standing;
use dedup_records::stats::rule_of_three;
use dedup_records::units::{short, signed, thousands};

use crate::model::{Cell, Column, Figure, Line, Section, Table, Tone};
use crate::panel::{Entry, Panel};
use crate::verdict::{SKIPPED, verdict};
use crate::words::{clip, list, verdict_cell};

const ABOUT: &str = "Each cell has the duplicates missed (m) and the uniques lost (l), counted, all rounds added up; 0 is none \
                     seen. In brackets stands what the fault added to the same stream without it, where that was run. \
                     A word stands where there is no verdict or where a promise was broken.";

/// Of what is shown apart.
const SQUEEZED: &str = "These stores keep their own time, and so many seconds of the stream pass in one of theirs: what takes \
                        them real time, such as a failover, takes so many times as much of the stream. Not to be compared \
                        with the same in virtual time.";

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    let faulty: Vec<&Panel<'_>> = panels.iter().filter(|panel| !panel.faults().is_empty()).collect();
    let (title, shown, absent) = match (faulty.is_empty(), panels.len()) {
        (false, _) => ("Strategy × fault", faulty, String::new()),
        (true, 0 | 1) => (
            "Strategy × fault",
            Vec::new(),
            "No scenario of these records has a fault in it, so there is no matrix.".into(),
        ),
        (true, _) => (
            "Strategy × scenario",
            panels.iter().collect(),
            "No scenario of these records has a fault in it; the matrix is of scenarios. ".to_string(),
        ),
    };
    let (squeezed, shown): (Vec<&Panel<'_>>, Vec<&Panel<'_>>) =
        shown.into_iter().partition(|panel| panel.is_squeezed());
    let mut figures: Vec<Figure> = Vec::new();
    if !shown.is_empty() {
        figures.push(matrix(title, "matrix", &shown));
    }
    if !squeezed.is_empty() {
        let mut apart = matrix("Strategy × fault, in squeezed time", "matrix-squeezed", &squeezed);
        apart.notes.insert(0, SQUEEZED.to_string());
        figures.push(apart);
    }
    let headline = absent + figures.first().map_or("", |figure| figure.headline.as_str());
    Section { id: "matrix", title, about: ABOUT, headline, figures }
}

fn matrix(title: &'static str, id: &str, panels: &[&Panel<'_>]) -> Figure {
    let mut sources: Vec<String> = panels.iter().map(|panel| panel.source.clone()).collect();
    sources.dedup();
    Figure {
        title: title.to_string(),
        headline: headline(panels),
        source: sources.first().cloned().unwrap_or_default(),
        charts: Vec::new(),
        tables: vec![table(title, id, panels)],
        notes: notes(panels, &sources),
    }
}

fn strategies(panels: &[&Panel<'_>]) -> Vec<(usize, String)> {
    let all: BTreeSet<(String, usize)> = panels
        .iter()
        .flat_map(|panel| &panel.rows)
        .map(|entry| (entry.name.clone(), entry.strategy))
        .collect();
    all.into_iter().map(|(name, strategy)| (strategy, name)).collect()
}

fn table(title: &str, id: &str, panels: &[&Panel<'_>]) -> Table {
    let mut table = Table::new(id.into(), format!("{title}: missed and lost"), &[("strategy", false)]);
    let name = |panel: &&Panel<'_>| Column {
        title: panel.title.strip_prefix("faults/").unwrap_or(&panel.title).to_string(),
        numeric: true,
    };
    table.columns.extend(panels.iter().map(name));
    for (strategy, name) in strategies(panels) {
        let cells = panels.iter().map(|panel| cell(panel, &name));
        let cells: Vec<Cell> = std::iter::once(Cell::text(&name)).chain(cells).collect();
        table.lines.push(Line { strategy: Some(strategy), cells });
    }
    table
}

fn cell(panel: &Panel<'_>, name: &str) -> Cell {
    let Some(entry) = panel.rows.iter().find(|entry| entry.name == name) else {
        let skipped =
            panel.blocks.iter().flat_map(|block| &block.skipped).any(|skipped| skipped.strategy == name);
        return if skipped { Cell::text(SKIPPED).toned(Tone::Dim) } else { Cell::none() };
    };
    let Some(verify) = &entry.row.summary.verify else {
        return match entry.row.standing {
            Standing::Failed => verdict_cell(entry.row.standing, entry.row.role),
            _ => Cell::none(),
        };
    };
    let added = verify.added().map_or(String::new(), |added| {
        format!(" ({} m · {} l)", signed(added.missed_count), signed(added.lost_count))
    });
    let counts = format!("{} m · {} l{added}", thousands(verify.missed_count), thousands(verify.lost_count));
    let harm = verify.lost_count as f64 * 1e12 + verify.missed_count as f64;
    let plain = Cell::number(counts.clone(), harm);
    match entry.row.standing {
        Standing::Inconclusive | Standing::Void | Standing::Broken | Standing::Failed => {
            let verdict = verdict(entry.row.standing, entry.row.role);
            Cell::number(format!("{counts} ({})", verdict.words), harm).toned(verdict.tone)
        }
        Standing::Kept | Standing::Unjudged if verify.lost_count > 0 => plain.toned(Tone::Bad),
        Standing::Kept | Standing::Unjudged if verify.missed_count > 0 => plain.toned(Tone::Warn),
        Standing::Kept | Standing::Unjudged => plain.toned(Tone::Good),
    }
}

fn headline(panels: &[&Panel<'_>]) -> String {
    let names = strategies(panels);
    let rows = |name: &str| -> Vec<&Entry<'_>> {
        panels.iter().filter_map(|panel| panel.rows.iter().find(|entry| entry.name == name)).collect()
    };
    let lossless = |(_, name): &&(usize, String)| {
        let rows = rows(name);
        let sure = |entry: &&Entry<'_>| {
            entry.row.standing != Standing::Inconclusive && entry.row.standing != Standing::Failed
        };
        rows.len() == panels.len()
            && rows.iter().all(sure)
            && rows.iter().all(|entry| entry.row.summary.verify.as_ref().is_some_and(|v| v.lost_count == 0))
    };
    let names: Vec<String> = names.iter().filter(lossless).map(|(_, name)| name.clone()).collect();
    let of = panels.len();
    match names.as_slice() {
        [] => {
            format!("No strategy came through all {of} scenarios without losing a ping or leaving it open.")
        }
        some => format!("In all {of} scenarios, none was seen lost by {}.", list(some, 12)),
    }
}

fn notes(panels: &[&Panel<'_>], sources: &[String]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let seen =
        panels.iter().flat_map(|panel| &panel.rows).filter_map(|entry| entry.row.summary.verify.as_ref());
    let fewest = seen.filter(|verify| verify.lost_count == 0).map(|verify| verify.unique_count).min();
    if let Some(fewest) = fewest.filter(|fewest| *fewest > 0) {
        let bound = short(rule_of_three(fewest) * 100.0);
        notes.push(format!(
            "0 lost = none seen; the true share is, with 95 % confidence, below {bound} % in each cell."
        ));
    }
    if sources.len() > 1 {
        notes.push("The columns saw different streams, or come from different runs or machines; compare within a column.".into());
    }
    let open = panels.iter().flat_map(|panel| {
        let rows = panel.rows.iter().filter(|entry| entry.row.standing == Standing::Inconclusive);
        rows.map(move |entry| format!("{} under {}", clip(&entry.name, 40), panel.title))
    });
    let open: Vec<String> = open.collect();
    if !open.is_empty() {
        notes.push(format!("Inconclusive, because the fault never happened: {}.", list(&open, 12)));
    }
    notes
}
