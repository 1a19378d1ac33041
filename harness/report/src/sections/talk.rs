//! The talk's table: deduplication built into PubsubIO against ids in an external Redis.

use dedup_records::compare::Comparison;
use dedup_records::stats::rule_of_three;
use dedup_records::units::{duration, thousands};

use super::Heading;
use crate::cells::documented_cell;
use crate::change::{CHANCE, definition};
use crate::model::{Cell, Figure, Section, Table, Tone};
use crate::models;
use crate::palette::Palette;
use crate::panel::Panel;
use crate::talk::{self, Side};
use crate::verdict::{DOCUMENTED, HARM, Harm, SKIPPED};
use crate::words::{capital, clip, list, memory, percent, three};

const HEADING: Heading = Heading {
    id: "talk",
    title: "PubsubIO against Redis",
    about: "Robustness, performance and operations side by side, on a day and a half of pings thinned to what a machine \
            can run. Memory at 16,000 pings a second is computed from the bytes an id that were weighed: a model.",
    absent: "These records are not of the talk's comparison (`dedup-harness talk -o DIR` records it).",
};

pub(super) fn section(panels: &[Panel<'_>], comparison: &Comparison, palette: &Palette) -> Section {
    let figure = talk::Table::of(comparison).map(|table| figure(&table, panels, comparison, palette));
    Section {
        id: HEADING.id,
        title: HEADING.title,
        about: HEADING.about,
        headline: figure.as_ref().map_or(HEADING.absent.to_string(), |figure| figure.headline.clone()),
        figures: figure.into_iter().collect(),
    }
}

fn figure(table: &talk::Table, panels: &[Panel<'_>], comparison: &Comparison, palette: &Palette) -> Figure {
    let panel = panels.iter().find(|panel| panel.block().stream.scenario == talk::SCENARIO);
    let uniques =
        panel.and_then(|panel| panel.block().widest_verify()).map_or(0, |verify| verify.unique_count);
    let mut notes = vec![format!(
        "{} pings, {} of them duplicates; about one ping in {} was left of the documented rate.",
        thousands(table.pings_count),
        thousands(table.duplicate_count),
        three(table.thinned)
    )];
    if uniques > 0 {
        let bounds = (percent(rule_of_three(uniques)), percent(rule_of_three(table.duplicate_count)));
        notes.push(format!(
            "0 = none seen: below {} of the uniques lost, below {} of the duplicates missed.",
            bounds.0, bounds.1
        ));
    }
    if !table.faults.is_empty() {
        notes.push(format!("{} {}.", definition(table.known.iter().copied()), capital(CHANCE)));
        notes.push(format!("Faults that were run: {}.", list(&table.faults, 30)));
    }
    notes.extend(models::notes(comparison));
    for skip in &table.skipped {
        notes.push(format!("{SKIPPED}: {}: {}; {}", clip(&skip.strategy, 80), skip.reason, skip.remedy));
    }
    Figure {
        title: talk::SCENARIO.to_string(),
        headline: headline(table),
        source: panel.map_or(String::new(), |panel| panel.source.clone()),
        charts: Vec::new(),
        tables: vec![view(table, palette)],
        notes,
        struck: Vec::new(),
    }
}

/// What the best of the two sides leave to be missed, and what a fault costs each.
fn headline(table: &talk::Table) -> String {
    let (Some(pubsub), Some(redis)) = (table.best(Side::BuiltIn), table.best(Side::Server)) else {
        return "One of the two, a model of what is built in or a store on a server, was not measured on this stream."
            .to_string();
    };
    let said = |row: &talk::Row| {
        let live = percent(row.missed_live_ratio.unwrap_or(0.0));
        let stable = row
            .missed_stable_ratio
            .map_or(String::new(), |ratio| format!(", {} after the nightly job", percent(ratio)));
        (row.strategy.clone(), live, stable)
    };
    let lost = |row: &talk::Row| row.worst.as_ref().map_or(0, |worst| worst.lost_count);
    let faults = match (lost(pubsub), lost(redis), table.faults.is_empty()) {
        (_, _, true) => String::new(),
        (0, 0, _) => "; under every fault that was run, neither lost a ping seen".to_string(),
        (p, r, _) => format!("; their worst faults cost them {} and {} pings", thousands(p), thousands(r)),
    };
    let ((pubsub, live, stable), (redis, redis_live, redis_stable)) = (said(pubsub), said(redis));
    format!("Of all copies {pubsub} let {live} through{stable}; {redis} {redis_live}{redis_stable}{faults}.")
}

fn view(table: &talk::Table, palette: &Palette) -> Table {
    let columns = [
        ("strategy", false),
        (HARM, false),
        ("let through, live", true),
        ("after the nightly job", true),
        ("lost, pings", true),
        ("worst fault", false),
        ("bytes an id", true),
        ("memory for its window at 16,000/s (model)", true),
        ("round trips a ping", true),
        ("p50", true),
        ("p99", true),
        ("to operate", false),
        (DOCUMENTED, false),
    ];
    let mut view = Table::new("talk".into(), "The talk's table", &columns);
    let number = |value: Option<f64>, show: fn(f64) -> String| {
        value.map_or(Cell::none(), |v| Cell::number(show(v), v))
    };
    for row in &table.rows {
        let lost = |count: u64| {
            let tone = if count > 0 { Tone::Bad } else { Tone::Plain };
            Cell::number(thousands(count), count as f64).toned(tone)
        };
        let worst = row.worst.as_ref().map_or(Cell::none(), |worst| {
            Cell::text(worst.said()).toned(if worst.lost_count > 0 { Tone::Bad } else { Tone::Plain })
        });
        view.push(
            Some(palette.index(&row.strategy)),
            vec![
                Cell::text(&row.strategy),
                row.harm.map_or(Cell::none(), Harm::cell),
                number(row.missed_live_ratio, percent),
                number(row.missed_stable_ratio, percent),
                row.lost_count.map_or(Cell::none(), lost),
                worst,
                number(row.bytes_per_id, three),
                number(row.full_bytes, memory),
                number(row.round_trips_per_ping, three),
                number(row.p50_ns.map(|ns| ns as f64), |ns| duration(ns as u64)),
                number(row.p99_ns.map(|ns| ns as f64), |ns| duration(ns as u64)),
                row.operated.as_ref().map_or(Cell::none(), Cell::text),
                documented_cell(row.standing, row.role),
            ],
        );
    }
    view
}
