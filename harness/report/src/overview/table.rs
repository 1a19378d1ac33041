//! One line a candidate: what it lost at its worst, what it let through, what it costs, and whether it did as documented.

use dedup_records::compare::{Comparison, Standing};
use dedup_records::metrics::BYTES_PER_ID;
use dedup_records::units::{duration, plural, thousands};

use super::claim::beside;
use super::in_order;
use super::life::{Cause, Counted, Life, Station};
use crate::cells::documented_cell;
use crate::change::{CHANCE, definition};
use crate::model::{Cell, Column, Figure, Line, Table, Tone, View};
use crate::panel::Panel;
use crate::talk;
use crate::verdict::{DOCUMENTED, HARM, Harm};
use crate::words::{capital, list, memory, nanos, percent, spread, three};

/// The heading above where the worst was seen.
pub(crate) const UNDER: &str = "worst under";

/// The table of all candidates, and what is to be known of it.
pub(crate) fn table(panels: &[Panel<'_>], lives: &[Life<'_>], comparison: &Comparison) -> Option<Figure> {
    if lives.is_empty() {
        return None;
    }
    let lead = lead(panels);
    let talk = talk::Table::of(comparison);
    let mut columns: Vec<(Column, Vec<Cell>)> = vec![
        column("strategy", false, lives, |life| Cell::text(&life.name)),
        column(HARM, false, lives, harm),
        column("lost at worst, of uniques", true, lives, lost),
        column(UNDER, false, lives, |life| if panels.len() > 1 { under(life) } else { Cell::none() }),
        column(&copies_title(lead), true, lives, |life| copies(life, lead)),
        match &talk {
            Some(talk) => {
                column("memory at 16,000 a second (model)", true, lives, |life| full_memory(life, talk))
            }
            None => column("bytes an id", true, lives, |life| bytes_an_id(life, panels)),
        },
        column("p99 (range)", true, lives, |life| p99(life, panels)),
        column(DOCUMENTED, false, lives, documented),
    ];
    // What was not measured of anyone takes no room.
    columns.retain(|(_, cells)| cells.iter().any(|cell| *cell != Cell::none()));
    let mut table = Table::new("overview".into(), "All scenarios, the worst first", &[]).viewed(View::Cards);
    for (index, life) in lives.iter().enumerate() {
        let cells = columns.iter().map(|(_, cells)| cells[index].clone()).collect();
        table.lines.push(Line { strategy: Some(life.strategy), cells, struck: Vec::new() });
    }
    table.columns = columns.into_iter().map(|(column, _)| column).collect();
    let mut sources: Vec<String> = panels.iter().map(|panel| panel.source.clone()).collect();
    sources.dedup();
    Some(Figure {
        title: "All scenarios, the worst first".into(),
        headline: String::new(),
        source: sources.first().cloned().unwrap_or_default(),
        charts: Vec::new(),
        tables: vec![table],
        notes: notes(panels, lives),
        struck: Vec::new(),
    })
}

fn column(
    title: &str,
    numeric: bool,
    lives: &[Life<'_>],
    cell: impl Fn(&Life<'_>) -> Cell,
) -> (Column, Vec<Cell>) {
    (Column::new(title, numeric), lives.iter().map(cell).collect())
}

/// The scenario whose copies are shown: the fullest without a fault.
fn lead<'a>(panels: &'a [Panel<'a>]) -> Option<&'a Panel<'a>> {
    in_order(panels).find(|panel| panel.faults().is_empty())
}

fn harm(life: &Life<'_>) -> Cell {
    let counted: Vec<Counted<'_>> = life.counted().collect();
    let lossy: Vec<&Counted<'_>> = counted.iter().filter(|counted| counted.lost() > 0).collect();
    let (lost, all) = (lossy.len(), counted.len());
    let leak = life.most_missed();
    if all == 0 {
        return Cell::none();
    }
    let harm = Harm::of(lost as u64, leak);
    let cell = harm.cell();
    match (harm, lost == all) {
        (Harm::Loses, true) if all == 1 => cell,
        (Harm::Loses, true) => cell.with("in every scenario".to_string()),
        (Harm::Loses, false) => {
            let is_faulty = |counted: &Counted<'_>| !counted.panel.faults().is_empty();
            let faulty = counted.iter().filter(|counted| is_faulty(counted)).count();
            let (of, noun) = match lossy.iter().all(|counted| is_faulty(counted)) {
                true => (faulty, "fault scenario"),
                false => (all, "scenario"),
            };
            cell.with(format!("in {lost} of {}", plural(of as u64, noun)))
        }
        _ => cell,
    }
}

fn lost(life: &Life<'_>) -> Cell {
    match (life.worst().filter(|worst| worst.change.lost > 0), life.bound()) {
        (Some(worst), _) => {
            let change = worst.change;
            let share = format!("{}{}", percent(change.lost_ratio()), change.more());
            let of = format!("{} of {}", thousands(change.lost), thousands(change.uniques));
            Cell::number(share, change.lost_ratio()).toned(Tone::Bad).with(of)
        }
        (None, Some(bound)) => Cell::number("none seen", 0.0).with(format!("below {}", percent(bound))),
        (None, None) => Cell::none(),
    }
}

/// Where the worst was seen, and what it was; and the worst fault, where that was not the worst.
fn under(life: &Life<'_>) -> Cell {
    let fault = life.worst_fault().filter(|fault| !fault.change.is_none());
    let Some(worst) = life.worst() else { return Cell::none() };
    let place = match (worst.cause, worst.panel.faults().is_empty()) {
        (Cause::Stream, false) => "no fault".to_string(),
        _ => worst.panel.short_title(),
    };
    let said = match (worst.cause, fault) {
        (Cause::Stream, Some(fault)) => {
            format!(
                "{}; worst fault: {}, {}",
                worst.change.words(),
                fault.panel.short_title(),
                fault.change.words()
            )
        }
        _ => worst.change.words(),
    };
    Cell::text(place).with(said)
}

fn copies_title(lead: Option<&Panel<'_>>) -> String {
    match lead {
        Some(panel) => format!("duplicates live → after the nightly job, {}", panel.short_title()),
        None => "most duplicates live → after the nightly job".to_string(),
    }
}

fn copies(life: &Life<'_>, lead: Option<&Panel<'_>>) -> Cell {
    let shown = match lead {
        Some(lead) => life.counted().find(|counted| counted.panel.id == lead.id),
        None => life
            .counted()
            .reduce(|one, other| if other.missed_ratio() > one.missed_ratio() { other } else { one }),
    };
    let Some(shown) = shown.filter(|shown| shown.verify.duplicate_count > 0) else { return Cell::none() };
    let live = percent(shown.missed_ratio());
    let text = match shown.stable_ratio() {
        Some(stable) => format!("{live} → {}", percent(stable)),
        None => live,
    };
    let cell = Cell::number(text, shown.missed_ratio());
    match lead {
        Some(_) => cell,
        None => cell.with(shown.panel.short_title()),
    }
}

fn full_memory(life: &Life<'_>, talk: &talk::Table) -> Cell {
    let row = talk.rows.iter().find(|row| row.strategy == life.stations[0].entry.row.strategy);
    let Some((bytes, row)) = row.and_then(|row| Some((row.full_bytes?, row))) else { return Cell::none() };
    let window = row.window_ns.map_or(String::new(), |ns| format!("for {}", duration(ns)));
    Cell::number(memory(bytes), bytes).with(window)
}

/// Of the fullest scenario in which it is known.
fn first<'a, T>(
    life: &Life<'a>,
    panels: &'a [Panel<'a>],
    known: impl Fn(&Station<'a>) -> Option<T>,
) -> Option<T> {
    let at = |panel: &Panel<'_>| life.stations.iter().find(|station| station.panel.id == panel.id);
    in_order(panels).filter_map(at).find_map(known)
}

fn bytes_an_id<'a>(life: &Life<'a>, panels: &'a [Panel<'a>]) -> Cell {
    let bytes = first(life, panels, |station| station.entry.row.summary.spread(&BYTES_PER_ID));
    bytes.map_or(Cell::none(), |bytes| Cell::number(spread(bytes, three), bytes.median))
}

fn p99<'a>(life: &Life<'a>, panels: &'a [Panel<'a>]) -> Cell {
    let known = first(life, panels, |station| Some((station.entry.p99()?, station.entry.holds())));
    let Some((p99, holds)) = known else { return Cell::none() };
    let cell = Cell::number(spread(p99, nanos), p99.median);
    if holds { cell.with("holds pings".to_string()) } else { cell }
}

/// In how many scenarios it did as it is documented, of those in which that was judged.
fn documented(life: &Life<'_>) -> Cell {
    let count = |standing| life.standings(standing).count();
    let kept = count(Standing::Kept);
    let broken: Vec<String> =
        life.standings(Standing::Broken).map(|station| station.panel.short_title()).collect();
    let of = life.stations.len() - count(Standing::Unjudged);
    // What is known of one scenario only is said as it is there.
    if of <= 1 {
        let standings = life.stations.iter().map(|station| station.entry.row.standing);
        let judged = standings.max_by_key(|standing| *standing != Standing::Unjudged);
        return documented_cell(judged.unwrap_or(Standing::Unjudged), life.stations[0].entry.row.role);
    }
    let open = [Standing::Void, Standing::Inconclusive, Standing::Failed].into_iter();
    let mut below: Vec<String> = open
        .filter(|standing| count(*standing) > 0)
        .map(|standing| {
            let said = documented_cell(standing, life.stations[0].entry.row.role).text;
            format!("{} {said}", count(standing))
        })
        .collect();
    if !broken.is_empty() {
        below.insert(0, format!("not under {}", list(&broken, 3)));
    }
    let (text, tone) = match (broken.is_empty(), kept == of) {
        (true, true) => (format!("yes, {kept} of {of}"), Tone::Plain),
        (true, false) => (format!("{kept} of {of}"), Tone::Plain),
        (false, _) => (format!("no, {} of {of} not", broken.len()), Tone::Warn),
    };
    Cell::number(text, kept as f64 / of as f64).toned(tone).with(below.join("; "))
}

fn notes(panels: &[Panel<'_>], lives: &[Life<'_>]) -> Vec<String> {
    let mut notes = vec![
        "Lost: a unique ping of which no copy was ever delivered; what shares its id with another ping is left out. \
         What a strategy loses as it is documented to lose is lost all the same."
            .to_string(),
    ];
    if panels.iter().any(|panel| !panel.faults().is_empty()) {
        let changes =
            lives.iter().flat_map(|life| &life.stations).filter_map(|station| station.entry.change());
        let known = changes.map(|change| change.known);
        notes.push(format!(
            "{} {}. What is lost without any fault is ranked beside these.",
            definition(known),
            capital(CHANCE)
        ));
    }
    if lives.iter().flat_map(|life| life.counted()).any(|counted| counted.verify.stable.is_some()) {
        notes.push(
            "The nightly job removes copies that came through; a ping that was lost it cannot bring back."
                .into(),
        );
    }
    if lives.iter().flat_map(|life| &life.stations).any(|station| station.panel.is_squeezed()) {
        notes.push(
            "Squeezed: a store that keeps its own time was away for so many times as much of the stream."
                .into(),
        );
    }
    notes.extend(beside(panels));
    notes
}
