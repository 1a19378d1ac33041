//! Live against stable: what the nightly job repairs.

use dedup_records::record::{Role, StableFigures};
use dedup_records::stats::rule_of_three;

use super::{Heading, figure, section_of};
use crate::cells::{count_cell, harm_cell, share_cell};
use crate::chart::{Axis, Chart, Join, Point, PointKind, Series, Unit};
use crate::model::{Cell, Figure, Section, Table};
use crate::panel::{Entry, Panel};
use crate::words::{clip, counted};

const HEADING: Heading = Heading {
    id: "stable",
    title: "Before and after the nightly job",
    about: "Open marks are the duplicates left in the live tables, filled ones those left once the nightly job has run. A \
            mark that points down stands at the upper bound, where none is left. The job removes copies within the \
            days that it looks at; a ping that was lost before it stays lost.",
    absent: "No nightly job was run in these records, so there are no stable tables to set against the live ones.",
};

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    section_of(HEADING, panels, draw)
}

/// Counts of one strategy over all rounds, live and stable.
struct Pair<'a> {
    entry: &'a Entry<'a>,
    jobs: &'a StableFigures,
    duplicates: u64,
    uniques: u64,
    live: Left,
    stable: Left,
    without_id: u64,
    rounds: u32,
}

#[derive(Clone, Copy, Default)]
struct Left {
    rows: u64,
    missed: u64,
    lost: u64,
}

fn pair<'a>(entry: &'a Entry<'a>) -> Option<Pair<'a>> {
    let rounds: Vec<_> =
        entry.verified().filter_map(|figures| Some((figures, figures.stable.as_ref()?))).collect();
    let (_, jobs) = *rounds.first()?;
    let mut pair = Pair {
        entry,
        jobs,
        duplicates: 0,
        uniques: 0,
        live: Left::default(),
        stable: Left::default(),
        without_id: 0,
        rounds: rounds.len() as u32,
    };
    for (figures, stable) in rounds {
        pair.duplicates += figures.duplicate_count;
        pair.uniques += figures.unique_count;
        pair.live.rows += stable.live_rows_count;
        pair.live.missed += figures.missed_count;
        pair.live.lost += figures.lost_count;
        pair.stable.rows += stable.stable_rows_count;
        pair.stable.missed += stable.missed_count;
        pair.stable.lost += stable.lost_count;
        pair.without_id += stable.dropped_without_id_count;
    }
    Some(pair)
}

fn draw(panel: &Panel<'_>) -> Option<Figure> {
    let pairs: Vec<Pair<'_>> = panel.rows.iter().filter_map(pair).collect();
    if pairs.is_empty() {
        return None;
    }
    let mut figure = figure(panel, headline(&pairs));
    let table = table(&pairs, panel);
    match pairs.iter().any(|pair| pair.duplicates > 0) {
        true => figure.charts.push((chart(&pairs, panel), table)),
        false => figure.tables.push(table),
    }
    Some(figure)
}

fn chart(pairs: &[Pair<'_>], panel: &Panel<'_>) -> Chart {
    let place = |index: usize| (pairs.len() - 1 - index) as f64;
    let point = |missed: u64, of: u64, y: f64, kind: PointKind| match missed {
        0 => Point { x: rule_of_three(of), y, kind: PointKind::Bound, ..Point::default() },
        missed => Point { x: missed as f64 / of as f64, y, kind, ..Point::default() },
    };
    let series: Vec<Series> = pairs
        .iter()
        .enumerate()
        .filter(|(_, pair)| pair.duplicates > 0)
        .map(|(index, pair)| Series {
            strategy: Some(pair.entry.strategy),
            name: String::new(),
            join: Join::LineAndMarks,
            points: vec![
                point(pair.live.missed, pair.duplicates, place(index), PointKind::Open),
                point(pair.stable.missed, pair.duplicates, place(index), PointKind::Seen),
            ],
        })
        .collect();
    let names: Vec<String> = pairs.iter().rev().map(|pair| pair.entry.name.clone()).collect();
    let x = Axis::log(
        "duplicates left, % of all duplicates",
        Unit::Share,
        series.iter().flat_map(|series| &series.points).map(|point| point.x),
    );
    Chart {
        id: format!("stable-{}", panel.id),
        title: format!("Duplicates left in live and in stable tables, {}", panel.title),
        x,
        y: Axis::names("strategy", names),
        bands: Vec::new(),
        guides: Vec::new(),
        contest: Vec::new(),
        series,
    }
}

fn headline(pairs: &[Pair<'_>]) -> String {
    let repaired = |pair: &&Pair<'_>| pair.live.missed > pair.stable.missed;
    let candidate = |pair: &&Pair<'_>| pair.entry.row.role == Role::Candidate;
    let most = pairs
        .iter()
        .filter(candidate)
        .filter(repaired)
        .max_by_key(|pair| pair.live.missed - pair.stable.missed);
    let back = pairs.iter().filter(|pair| pair.live.lost > 0 && pair.stable.lost < pair.live.lost).count();
    let lost = pairs.iter().any(|pair| pair.live.lost > 0);
    let end = match (lost, back) {
        (false, _) => String::new(),
        (true, 0) => "; it brought back none of the pings lost before it".to_string(),
        (true, some) => format!("; with {some} strategies fewer are lost after it than before"),
    };
    match most {
        None => format!("The nightly job left as many duplicates as it found{end}."),
        Some(pair) => format!(
            "Behind {}, the nightly job left {} duplicates, where live has {}{end}.",
            clip(&pair.entry.name, 60),
            counted(pair.stable.missed, pair.duplicates),
            dedup_records::units::thousands(pair.live.missed),
        ),
    }
}

fn table(pairs: &[Pair<'_>], panel: &Panel<'_>) -> Table {
    let columns = [
        ("strategy", false),
        ("job", false),
        ("preceding days", true),
        ("live rows", true),
        ("stable rows", true),
        ("let through, live (95 %)", true),
        ("left after the job (95 %)", true),
        ("left after the job", true),
        ("lost, live", true),
        ("lost after the job", true),
        ("lost after the job, of uniques (95 %)", true),
        ("dropped by the job, no id", true),
        ("rounds", true),
    ];
    let caption = format!("Live and stable, {}", panel.title);
    let mut table = Table::new(format!("stable-{}", panel.id), caption, &columns);
    for pair in pairs {
        table.push(
            Some(pair.entry.strategy),
            vec![
                Cell::text(&pair.entry.name),
                Cell::text(&pair.jobs.job),
                count_cell(pair.jobs.preceding_days.into()),
                count_cell(pair.live.rows),
                count_cell(pair.stable.rows),
                share_cell(pair.live.missed, pair.duplicates),
                share_cell(pair.stable.missed, pair.duplicates),
                count_cell(pair.stable.missed),
                harm_cell(pair.live.lost),
                harm_cell(pair.stable.lost),
                share_cell(pair.stable.lost, pair.uniques),
                count_cell(pair.without_id),
                count_cell(pair.rounds.into()),
            ],
        );
    }
    table
}
