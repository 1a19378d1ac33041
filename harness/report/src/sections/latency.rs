//! Latency by percentile.

use dedup_records::compare::TimeSummary;
use dedup_records::stats::Spread;
use dedup_records::units::{duration, thousands};

use super::{Heading, figure, section_of};
use crate::chart::{Axis, Chart, Join, Point, Scale, Series, Unit};
use crate::model::{Cell, Figure, Section, Table};
use crate::panel::{Entry, Panel};
use crate::words::{clip, list, nanos, rate, spread};

const HEADING: Heading = Heading {
    id: "latency",
    title: "Latency by percentile",
    about: "Each step to the right is ten times rarer. Latency runs from the moment at which a ping was due to its \
            verdict, at the fixed rate that the table names, so that waiting behind a slow ping counts (no coordinated \
            omission). Each line is the median of its rounds at each percentile; a whisker at 90, 99, 99.9 % and so on is \
            their range.",
    absent: "These records hold no time pass, so there are no latencies.",
};

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    section_of(HEADING, panels, draw)
}

fn draw(panel: &Panel<'_>) -> Option<Figure> {
    let rows: Vec<(&Entry<'_>, &TimeSummary)> = panel
        .rows
        .iter()
        .filter(|entry| !entry.holds())
        .filter_map(|entry| Some((entry, entry.row.summary.time.as_ref()?)))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let mut figure = figure(panel, headline(&rows));
    let holding: Vec<String> =
        panel.rows.iter().filter(|entry| entry.holds()).map(|entry| entry.name.clone()).collect();
    if !holding.is_empty() {
        let names = list(&holding, 8);
        figure.notes.push(format!(
            "Not drawn, because they hold pings until a window closes, on the stream's own clock: {names}."
        ));
    }
    let slow: Vec<String> =
        rows.iter().filter(|(_, time)| overloaded(time)).map(|(entry, _)| entry.name.clone()).collect();
    if !slow.is_empty() {
        figure.notes.push(format!(
            "Did not reach the rate offered, so these are times in a growing queue: {}.",
            list(&slow, 8)
        ));
    }
    figure.charts.push((chart(&rows, panel), table(&rows, panel)));
    Some(figure)
}

fn overloaded(time: &TimeSummary) -> bool {
    time.achieved_per_s.median < 0.95 * time.offered_per_s.median
}

fn chart(rows: &[(&Entry<'_>, &TimeSummary)], panel: &Panel<'_>) -> Chart {
    let series: Vec<Series> = rows.iter().map(|(entry, time)| line(entry, time)).collect();
    let points = || series.iter().flat_map(|series| &series.points);
    let rarest = points().map(|point| point.x).fold(10.0, f64::max);
    Chart {
        id: format!("latency-{}", panel.id),
        title: format!("Latency by percentile, {}", panel.title),
        x: Axis {
            title: "percentile".into(),
            scale: Scale::Log,
            unit: Unit::Percentile,
            range: (1.0, rarest),
        },
        y: Axis::log(
            "latency from the intended start",
            Unit::Nanos,
            points().flat_map(|point| {
                let (low, high) = point.y_range.unwrap_or((point.y, point.y));
                [low, high]
            }),
        ),
        bands: Vec::new(),
        guides: Vec::new(),
        contest: Vec::new(),
        series,
    }
}

/// Values at percentiles up to the last that ten values lie beyond.
fn line(entry: &Entry<'_>, time: &TimeSummary) -> Series {
    let rounds: Vec<_> = entry.timed().filter_map(|figures| figures.latency_ns.histogram().ok()).collect();
    // As many as a round has: what lies beyond would be of some of the rounds only.
    let count = time.latency_ns.merged.count as f64 / rounds.len().max(1) as f64;
    let steps = ((count / 10.0).clamp(10.0, 1e6).log10() * 10.0).floor() as i32;
    let point = |step: i32| {
        let inverse = 10_f64.powf(f64::from(step) / 10.0);
        let of_round = |round: &hdrhistogram::Histogram<u64>| round.value_at_quantile(1.0 - 1.0 / inverse);
        let y = Spread::of(rounds.iter().map(|round| of_round(round).max(1) as f64))?;
        // Where tables name one, too: a whisker at each step would hide the line.
        let y_range = (y.rounds_count > 1 && step > 0 && step % 10 == 0).then_some((y.min, y.max));
        Some(Point { x: inverse, y: y.median, y_range, ..Point::default() })
    };
    Series {
        strategy: Some(entry.strategy),
        name: entry.name.clone(),
        join: Join::Line,
        points: (0..=steps).filter_map(point).collect(),
    }
}

fn headline(rows: &[(&Entry<'_>, &TimeSummary)]) -> String {
    let mut able: Vec<&(&Entry<'_>, &TimeSummary)> =
        rows.iter().filter(|(entry, time)| entry.may_win() && !overloaded(time)).collect();
    able.sort_by(|(_, one), (_, other)| one.latency_ns.p99.median.total_cmp(&other.latency_ns.p99.median));
    match able.as_slice() {
        [] => "No candidate that kept its promise reached the rate offered.".to_string(),
        [(best, fastest), rest @ ..] => {
            let same = rest.iter().filter(|(_, time)| time.latency_ns.p99.overlaps(&fastest.latency_ns.p99));
            let same: Vec<String> = same.map(|(entry, _)| entry.name.clone()).collect();
            let rounds = fastest.latency_ns.p99.rounds_count;
            let told = match (same.as_slice(), rounds) {
                (_, 0 | 1) => "; one round, so nothing is ranked".to_string(),
                ([], _) => ", the lowest of the candidates that kept their promise".to_string(),
                (some, _) => format!(", not told apart from {}", list(some, 6)),
            };
            let slowest =
                rest.last().filter(|(_, time)| !time.latency_ns.p99.overlaps(&fastest.latency_ns.p99));
            let most = slowest.filter(|_| rounds > 1).map_or(String::new(), |(entry, time)| {
                format!("; with {} at most {}", clip(&entry.name, 60), spread(time.latency_ns.p99, nanos))
            });
            format!(
                "99 % of pings waited at most {} with {}{told}{most}.",
                spread(fastest.latency_ns.p99, nanos),
                clip(&best.name, 60)
            )
        }
    }
}

fn table(rows: &[(&Entry<'_>, &TimeSummary)], panel: &Panel<'_>) -> Table {
    let columns = [
        ("strategy", false),
        ("rate offered", true),
        ("reached", true),
        ("p50 (range)", true),
        ("p99 (range)", true),
        ("p99.9 (range)", true),
        ("p99.99", true),
        ("max", true),
        ("pings", true),
        ("rounds", true),
    ];
    let mut table =
        Table::new(format!("latency-{}", panel.id), format!("Latency, {}", panel.title), &columns);
    for (entry, time) in rows {
        let l = &time.latency_ns;
        let over = |figure: Spread| Cell::number(spread(figure, nanos), figure.median);
        table.push(
            Some(entry.strategy),
            vec![
                Cell::text(&entry.name),
                Cell::number(rate(time.offered_per_s.median), time.offered_per_s.median),
                Cell::number(rate(time.achieved_per_s.median), time.achieved_per_s.median),
                over(l.p50),
                over(l.p99),
                over(l.p999),
                Cell::number(duration(l.merged.p9999), l.merged.p9999 as f64),
                Cell::number(duration(l.merged.max), l.merged.max as f64),
                Cell::number(thousands(l.merged.count), l.merged.count as f64),
                Cell::number(l.p99.rounds_count.to_string(), l.p99.rounds_count.into()),
            ],
        );
    }
    table
}
