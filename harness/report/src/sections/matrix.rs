//! Faults against strategies: what each fault adds to the same stream without it. Scenarios, where none has a fault.

use std::collections::BTreeSet;

use dedup_records::compare::Standing;
use dedup_records::record::{Role, Struck};
use dedup_records::stats::rule_of_three;
use dedup_records::units::{short, thousands};

use crate::cells::{count_cell, harm_cell};
use crate::change::{self, Change, definition};
use crate::model::{Cell, Column, Figure, Line, Section, Shade, Table, Tone, View};
use crate::overview::lives;
use crate::panel::{Entry, Panel};
use crate::verdict::documented;
use crate::words::{clip, list, percent};

const ABOUT: &str = "Read across to see whom a fault hurts, down to see what a strategy fears. Red: unique pings lost. Amber: copies \
                     let through, the darker the more. Both are what the fault adds to the same stream without it, where \
                     that was run. Hatched: it cannot happen to this strategy, or was not run. A dot: no more than without \
                     the fault, or so few (below 30 copies; below 10 pings where some are lost anyway) that it may be chance.";

/// Of what is shown apart.
const SQUEEZED: &str = "These stores keep their own time, and so many seconds of the stream pass in one of theirs: what takes \
                        them real time, such as a failover, takes so many times as much of the stream. Not to be compared \
                        with the same in virtual time.";

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    let faulty: Vec<&Panel<'_>> = panels.iter().filter(|panel| !panel.faults().is_empty()).collect();
    let (title, shown, absent) = match (faulty.is_empty(), panels.len()) {
        (false, _) => ("Fault × strategy", faulty, String::new()),
        (true, 0 | 1) => (
            "Fault × strategy",
            Vec::new(),
            "No scenario of these records has a fault in it, so there is no matrix.".into(),
        ),
        (true, _) => (
            "Scenario × strategy",
            panels.iter().collect(),
            "No scenario of these records has a fault in it; the matrix is of scenarios. ".to_string(),
        ),
    };
    let columns = columns(panels);
    let (squeezed, shown): (Vec<&Panel<'_>>, Vec<&Panel<'_>>) =
        shown.into_iter().partition(|panel| panel.is_squeezed());
    let mut figures: Vec<Figure> = Vec::new();
    if !shown.is_empty() {
        figures.push(matrix(title, "matrix", &shown, &columns));
    }
    if !squeezed.is_empty() {
        let mut apart = matrix("Fault × strategy, in squeezed time", "matrix-squeezed", &squeezed, &columns);
        apart.notes.insert(0, SQUEEZED.to_string());
        figures.push(apart);
    }
    let headline = absent + figures.first().map_or("", |figure| figure.headline.as_str());
    Section { id: "matrix", title, about: ABOUT, headline, figures }
}

/// A column of the matrix: a strategy by its name, and its index in the palette.
type Name = (String, usize);

/// Candidates, the worst first, and behind them what is there to compare with; no floor, to which nothing happens.
fn columns(panels: &[Panel<'_>]) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let entries = || panels.iter().flat_map(|panel| &panel.rows);
    for life in lives(panels) {
        let own = entries().filter(|entry| entry.strategy == life.strategy);
        names.extend(own.map(|entry| (entry.name.clone(), entry.strategy)));
    }
    let others = entries().filter(|entry| entry.row.role == Role::NegativeControl);
    names.extend(others.map(|entry| (entry.name.clone(), entry.strategy)));
    let mut unique: Vec<Name> = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}

fn matrix(title: &'static str, id: &str, panels: &[&Panel<'_>], columns: &[Name]) -> Figure {
    let mut sources: Vec<String> = panels.iter().map(|panel| panel.source.clone()).collect();
    sources.dedup();
    // A strategy that ran in none of them takes no room.
    let columns: Vec<&Name> =
        columns.iter().filter(|(name, _)| panels.iter().any(|panel| at(panel, name).is_some())).collect();
    Figure {
        title: title.to_string(),
        headline: headline(panels, &columns),
        source: sources.first().cloned().unwrap_or_default(),
        charts: Vec::new(),
        tables: vec![heat(title, id, panels, &columns), counts(title, id, panels)],
        notes: notes(panels, &sources),
        struck: struck(panels),
    }
}

/// All that the faults of these strike; nothing where one of them has no fault.
fn struck(panels: &[&Panel<'_>]) -> Vec<Struck> {
    match panels.iter().any(|panel| panel.faults().is_empty()) {
        true => Vec::new(),
        false => {
            panels.iter().flat_map(|panel| panel.struck()).collect::<BTreeSet<_>>().into_iter().collect()
        }
    }
}

fn at<'a>(panel: &'a Panel<'_>, name: &str) -> Option<&'a Entry<'a>> {
    panel.rows.iter().find(|entry| entry.name == name)
}

fn change(panel: &Panel<'_>, name: &str) -> Option<Change> {
    at(panel, name)?.change()
}

/// The most that a scenario changed, of these columns: whom, and what.
fn worst<'a>(panel: &Panel<'_>, columns: &[&'a Name]) -> Option<(&'a str, Change)> {
    change::worst(columns.iter().filter_map(|(name, _)| Some((name.as_str(), change(panel, name)?))))
}

/// Faults as lines, what changed most first.
fn heat(title: &str, id: &str, panels: &[&Panel<'_>], columns: &[&Name]) -> Table {
    let mut table = Table::new(id.into(), format!("{title}: what each adds"), &[]).viewed(View::Heat);
    let first = if title.starts_with("Fault") { "fault" } else { "scenario" };
    table.columns.push(Column::new(first, false));
    let column =
        |(name, strategy): &&Name| Column { strategy: Some(*strategy), ..Column::new(clip(name, 40), true) };
    table.columns.extend(columns.iter().map(column));
    let mut ordered = panels.to_vec();
    ordered.sort_by_key(|panel| std::cmp::Reverse(worst(panel, columns).map(|(_, change)| change)));
    table.lines = ordered.into_iter().map(|panel| line(panel, columns)).collect();
    table
}

fn line(panel: &Panel<'_>, columns: &[&Name]) -> Line {
    let seen = panel.rows.iter().flat_map(Entry::verified).flat_map(|figures| &figures.faults);
    let seen = seen.map(|fault| clip(&fault.observed, 70)).find(|text| !text.is_empty());
    let head = Cell::text(panel.short_title()).with(seen.unwrap_or_default());
    let cells = columns.iter().map(|(name, _)| cell(panel, name));
    Line { strategy: None, cells: std::iter::once(head).chain(cells).collect(), struck: panel.struck() }
}

fn cell(panel: &Panel<'_>, name: &str) -> Cell {
    let Some(entry) = at(panel, name) else {
        return Cell::text("does not apply").shaded(Shade::Hatched).toned(Tone::Dim);
    };
    let standing = entry.row.standing;
    let open = matches!(standing, Standing::Void | Standing::Inconclusive | Standing::Failed);
    let said = documented(standing, entry.row.role).words;
    let Some(change) = entry.change() else {
        return Cell::text(said).shaded(Shade::Dashed).toned(Tone::Dim);
    };
    let plus = if entry.without.is_some() { "+" } else { "" };
    // Any share of uniques weighs more than all copies.
    let value = change.lost_ratio() * 1e12 + change.copies_ratio();
    let copies = format!("{plus}{}", thousands(change.copies));
    let cell = match (change.lost, change.copies) {
        (0, 0) => Cell::number("·", value).toned(Tone::Dim),
        (0, _) => Cell::number(copies, value).shaded(amber(change.copies_ratio())),
        (lost, 0) => Cell::number(format!("lost {}", thousands(lost)), value).shaded(Shade::Red),
        (lost, _) => Cell::number(format!("lost {}", thousands(lost)), value).shaded(Shade::Red).with(copies),
    };
    match (open, standing) {
        (true, _) => Cell { below: said.to_string(), ..cell }.shaded(Shade::Dashed),
        (false, Standing::Broken) => Cell { below: said.to_string(), ..cell },
        (false, _) => cell,
    }
}

/// The share of copies as one of six shades: the square root, so that a few do not look like none.
fn amber(share: f64) -> Shade {
    // A quarter of all is as dark as it gets.
    Shade::Amber(((share * 4.0).sqrt() * 6.0).ceil().clamp(1.0, 6.0) as u8)
}

/// The worst fault, and the one that let most copies through, by what they changed.
fn headline(panels: &[&Panel<'_>], columns: &[&Name]) -> String {
    let all = || {
        panels.iter().flat_map(|panel| {
            columns.iter().filter_map(move |(name, _)| Some(((panel, name), change(panel, name)?)))
        })
    };
    let lost = change::worst(all()).filter(|(_, change)| change.lost > 0);
    let leaky = change::worst(all().map(|(of, change)| (of, change.of_copies())))
        .filter(|(_, change)| change.copies > 0);
    let hurts = |panel: &Panel<'_>| worst(panel, columns).is_some_and(|(_, change)| !change.is_none());
    let harmless = panels.iter().filter(|panel| !hurts(panel)).count();
    let mut said = vec![match lost {
        Some(((panel, name), change)) => format!(
            "{} costs most pings: {} {} ({} of its uniques)",
            panel.short_title(),
            clip(name, 60),
            change.words(),
            percent(change.lost_ratio())
        ),
        None if panels.len() == 1 => format!("{} was not seen to cost a ping", panels[0].short_title()),
        None => format!(
            "None of {} was seen to cost a ping",
            dedup_records::units::plural(panels.len() as u64, "scenario")
        ),
    }];
    if let Some(((panel, name), change)) = leaky {
        let fault = if panels.len() == 1 { "it".to_string() } else { panel.short_title() };
        said.push(format!(
            "{fault} lets most copies through: {} {} ({} of the copies)",
            clip(name, 60),
            change.words(),
            percent(change.copies_ratio())
        ));
    }
    if harmless > 0 {
        said.push(format!("{harmless} of {} changed nothing", panels.len()));
    }
    said.join("; ") + "."
}

/// The exact counts behind the shades, of everyone.
fn counts(title: &str, id: &str, panels: &[&Panel<'_>]) -> Table {
    let columns = [
        ("strategy", false),
        ("scenario", false),
        ("let through", true),
        ("the same without the fault", true),
        ("lost", true),
        ("the same without the fault", true),
        ("as documented", false),
    ];
    let caption = format!("{title}: exact counts");
    let mut table = Table::new(format!("{id}-counts"), caption, &columns).viewed(View::Folded);
    for (panel, entry) in panels.iter().flat_map(|panel| panel.rows.iter().map(move |entry| (panel, entry))) {
        let verify = entry.row.summary.verify.as_ref();
        let without = entry.without;
        table.push_struck(
            Some(entry.strategy),
            vec![
                Cell::text(&entry.name),
                Cell::text(panel.short_title()),
                verify.map_or(Cell::none(), |verify| count_cell(verify.missed_count)),
                without.map_or(Cell::none(), |without| count_cell(without.missed_count)),
                verify.map_or(Cell::none(), |verify| harm_cell(verify.told_apart_lost_count())),
                without.map_or(Cell::none(), |without| count_cell(without.lost_count)),
                crate::cells::documented_cell(entry.row.standing, entry.row.role),
            ],
            panel.struck(),
        );
    }
    table
}

fn notes(panels: &[&Panel<'_>], sources: &[String]) -> Vec<String> {
    let has_faults = panels.iter().any(|panel| !panel.faults().is_empty());
    let changes = panels.iter().flat_map(|panel| &panel.rows).filter_map(Entry::change);
    let known = changes.map(|change| change.known);
    let mut notes: Vec<String> = has_faults.then(|| definition(known)).into_iter().collect();
    let seen = || {
        let entries = panels.iter().flat_map(|panel| &panel.rows);
        entries.filter_map(|entry| entry.row.summary.verify.as_ref())
    };
    let fewest =
        seen().filter(|verify| verify.told_apart_lost_count() == 0).map(|verify| verify.unique_count).min();
    if let Some(fewest) = fewest.filter(|fewest| *fewest > 0) {
        let bound = short(rule_of_three(fewest) * 100.0);
        notes.push(format!(
            "Where none was seen lost, the true share is, with 95 % confidence, below {bound} % in each cell."
        ));
    }
    if seen().any(|verify| verify.faultless.is_none()) {
        notes.push(
            "Where the stream was not run without the fault, all of its copies and losses are counted."
                .into(),
        );
    }
    if sources.len() > 1 {
        notes.push("The lines saw different streams, or come from different runs or machines; compare within a line.".into());
    }
    let open = panels.iter().flat_map(|panel| {
        let rows = panel.rows.iter().filter(|entry| entry.row.standing == Standing::Inconclusive);
        rows.map(move |entry| format!("{} under {}", clip(&entry.name, 40), panel.title))
    });
    let open: Vec<String> = open.collect();
    if !open.is_empty() {
        notes.push(format!("Not judged, because the fault never happened: {}.", list(&open, 12)));
    }
    notes
}
