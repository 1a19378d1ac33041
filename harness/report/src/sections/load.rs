//! Throughput against latency under open load.

use std::collections::BTreeMap;

use dedup_records::compare::TimeSummary;

use super::{Heading, figure, section_of};
use crate::chart::{Axis, Chart, Join, Point, PointKind, Series, Unit};
use crate::model::{Cell, Figure, Section, Table, Tone};
use crate::panel::{Entry, Panel};
use crate::words::{list, nanos, rate, spread};

const HEADING: Heading = Heading {
    id: "load",
    title: "Throughput against latency",
    about: "Each mark is one strategy under an open load: the rate that it reached, and the latency that 99 % of pings \
            stayed below. To the right and down is better. Runs of one strategy at several rates (--rate) are \
            joined into a curve; a ring marks a rate that was offered and not reached.",
    absent: "These records hold no time pass, so there is no load to show.",
};

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    section_of(HEADING, panels, draw)
}

type Rates<'a> = BTreeMap<usize, Vec<(&'a Entry<'a>, &'a TimeSummary)>>;

fn draw(panel: &Panel<'_>) -> Option<Figure> {
    let mut rates: Rates<'_> = BTreeMap::new();
    for entry in panel.rows.iter().filter(|entry| !entry.holds()) {
        if let Some(time) = &entry.row.summary.time {
            rates.entry(entry.strategy).or_default().push((entry, time));
        }
    }
    if rates.is_empty() {
        return None;
    }
    for points in rates.values_mut() {
        points.sort_by(|one, other| one.1.offered_per_s.median.total_cmp(&other.1.offered_per_s.median));
    }
    let mut figure = figure(panel, headline(panel));
    if rates.values().all(|points| points.len() == 1) {
        figure.notes.push(
            "One rate each: where the knee of a strategy lies takes runs at several rates (run --rate N -o DIR, and \
             all of them given to report)."
                .to_string(),
        );
    }
    figure.charts.push((chart(&rates, panel), table(&rates, panel)));
    Some(figure)
}

fn chart(rates: &Rates<'_>, panel: &Panel<'_>) -> Chart {
    let series: Vec<Series> = rates.values().map(|points| curve(points)).collect();
    let points = || series.iter().flat_map(|series| &series.points);
    let both = |range: fn(&Point) -> Option<(f64, f64)>, at: fn(&Point) -> f64| {
        points().flat_map(move |point| {
            let (low, high) = range(point).unwrap_or((at(point), at(point)));
            [low, high]
        })
    };
    let mut x = Axis::log("rate reached, pings a second", Unit::PerSecond, both(|p| p.x_range, |p| p.x));
    let room = (x.range.1 / x.range.0).powf(0.08);
    x.range = (x.range.0 / room, x.range.1 * room);
    Chart {
        id: format!("load-{}", panel.id),
        title: format!("Rate reached against the 99th percentile of latency, {}", panel.title),
        x,
        y: Axis::log("99th percentile of latency", Unit::Nanos, both(|p| p.y_range, |p| p.y)),
        bands: Vec::new(),
        guides: Vec::new(),
        contest: Vec::new(),
        series,
    }
}

fn curve(points: &[(&Entry<'_>, &TimeSummary)]) -> Series {
    let range =
        |spread: dedup_records::stats::Spread| (spread.rounds_count > 1).then_some((spread.min, spread.max));
    let point = |(_, time): &(&Entry<'_>, &TimeSummary)| {
        let reached = time.achieved_per_s.median >= 0.95 * time.offered_per_s.median;
        Point {
            x: time.achieved_per_s.median,
            y: time.latency_ns.p99.median.max(1.0),
            x_range: range(time.achieved_per_s),
            y_range: range(time.latency_ns.p99),
            kind: if reached { PointKind::Seen } else { PointKind::Harmed },
        }
    };
    let (first, _) = points[0];
    Series {
        strategy: Some(first.strategy),
        name: first.row.strategy.clone(),
        join: if points.len() > 1 { Join::LineAndMarks } else { Join::Marks },
        points: points.iter().map(point).collect(),
    }
}

/// What its chart shows: who answered in the least time at the highest rate that was reached.
fn headline(panel: &Panel<'_>) -> String {
    let able: Vec<(&Entry<'_>, &TimeSummary)> = panel
        .rows
        .iter()
        .filter(|entry| entry.may_win() && !entry.holds())
        .filter_map(|entry| Some((entry, entry.row.summary.time.as_ref()?)))
        .collect();
    let reached = |time: &TimeSummary| time.achieved_per_s.median;
    let highest = able.iter().map(|(_, time)| reached(time)).fold(0.0, f64::max);
    // Rates offered alike are reached alike but for a little.
    let mut there: Vec<&(&Entry<'_>, &TimeSummary)> =
        able.iter().filter(|(_, time)| reached(time) >= 0.95 * highest).collect();
    there.sort_by(|one, other| one.1.latency_ns.p99.median.total_cmp(&other.1.latency_ns.p99.median));
    let Some((best, least)) = there.first() else {
        return "No candidate that kept its promise was timed.".to_string();
    };
    let same = there[1..].iter().filter(|(_, time)| time.latency_ns.p99.overlaps(&least.latency_ns.p99));
    let same: Vec<String> = same.map(|(entry, _)| entry.name.clone()).collect();
    let told = match (same.as_slice(), least.latency_ns.p99.rounds_count, able.len()) {
        (_, 0 | 1, _) => "; one round, so nothing is ranked".to_string(),
        (_, _, 1) => ", the only candidate that kept its promise".to_string(),
        ([], ..) => ", less than any other candidate that kept its promise".to_string(),
        (some, ..) => format!(", not told apart from {}", list(some, 6)),
    };
    format!(
        "At {}, the highest rate that was reached, {} judged 99 % of pings within {}{told}.",
        rate(reached(least)),
        crate::words::clip(&best.name, 60),
        spread(least.latency_ns.p99, nanos)
    )
}

fn table(rates: &Rates<'_>, panel: &Panel<'_>) -> Table {
    let columns = [
        ("strategy", false),
        ("closed loop, pings a second (range)", true),
        ("threads", true),
        ("open load offered", true),
        ("reached (range)", true),
        ("p99 (range)", true),
        ("service time p99 (range)", true),
        ("rounds", true),
    ];
    let mut table = Table::new(format!("load-{}", panel.id), format!("Load, {}", panel.title), &columns);
    for (entry, time) in rates.values().flatten() {
        let reached = time.achieved_per_s.median >= 0.95 * time.offered_per_s.median;
        let tone = if reached { Tone::Plain } else { Tone::Warn };
        table.push(
            Some(entry.strategy),
            vec![
                Cell::text(&entry.name),
                Cell::number(spread(time.throughput_per_s, rate), time.throughput_per_s.median),
                Cell::number(time.threads_count.to_string(), time.threads_count.into()),
                Cell::number(rate(time.offered_per_s.median), time.offered_per_s.median),
                Cell::number(spread(time.achieved_per_s, rate), time.achieved_per_s.median).toned(tone),
                Cell::number(spread(time.latency_ns.p99, nanos), time.latency_ns.p99.median),
                Cell::number(spread(time.service_ns.p99, nanos), time.service_ns.p99.median),
                Cell::number(
                    time.throughput_per_s.rounds_count.to_string(),
                    time.throughput_per_s.rounds_count.into(),
                ),
            ],
        );
    }
    table
}
