//! Memory over time, as a window fills and empties.

use dedup_records::compare::WeighSummary;
use dedup_records::stats::Spread;
use dedup_records::units::plural;

use super::{Heading, figure, section_of};
use crate::chart::{Axis, Chart, Join, Point, Series, Unit};
use crate::model::{Cell, Figure, Section, Table};
use crate::panel::{Entry, Panel};
use crate::words::{clip, list, memory, percent, spread, three};

const HEADING: Heading = Heading {
    id: "memory",
    title: "Memory over time",
    about: "Bytes that a strategy held, a server's included, on the stream's own clock: the median of the rounds at \
            each sample, and no line beyond the last. What was left four windows after the last ping is another state, \
            and a column of its own below.",
    absent: "These records hold no weigh pass, so there is no memory to show.",
};

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    section_of(HEADING, panels, draw)
}

fn draw(panel: &Panel<'_>) -> Option<Figure> {
    let rows: Vec<(&Entry<'_>, &WeighSummary)> =
        panel.rows.iter().filter_map(|entry| Some((entry, entry.row.summary.weigh.as_ref()?))).collect();
    let holding: Vec<(&Entry<'_>, &WeighSummary)> =
        rows.iter().filter(|(_, weigh)| weigh.bytes_per_id.is_some()).copied().collect();
    if holding.is_empty() {
        return None;
    }
    let mut figure = figure(panel, headline(&holding));
    let idle = rows.iter().filter(|(_, weigh)| weigh.bytes_per_id.is_none());
    let idle: Vec<String> = idle.map(|(entry, _)| entry.name.clone()).collect();
    if !idle.is_empty() {
        figure.notes.push(format!("Not drawn, because they track no ids: {}.", list(&idle, 8)));
    }
    let series: Vec<Series> = holding.iter().filter_map(|(entry, _)| line(entry)).collect();
    let table = table(&holding, panel);
    match series.is_empty() {
        true => {
            figure.notes.push("These records hold no samples over time, only the peaks.".to_string());
            figure.tables.push(table);
        }
        false => figure.charts.push((chart(series, panel), table)),
    }
    figure.tables.push(states(&holding, panel));
    Some(figure)
}

/// The median of the rounds at each sample.
fn line(entry: &Entry<'_>) -> Option<Series> {
    let rounds: Vec<_> = entry.weighed().map(|figures| &figures.over_time).collect();
    let times = &rounds.iter().max_by_key(|over| over.t_ns.len())?.t_ns;
    let point = |(index, t): (usize, &u64)| {
        let values = rounds.iter().filter_map(|over| over.live_bytes.get(index)).map(|bytes| *bytes as f64);
        let y = Spread::of(values)?.median;
        Some(Point { x: *t as f64, y: y.max(1.0), ..Point::default() })
    };
    let points: Vec<Point> = times.iter().enumerate().filter_map(point).collect();
    let series =
        Series { strategy: Some(entry.strategy), name: entry.name.clone(), join: Join::Line, points };
    (!series.points.is_empty()).then(|| series.thinned(120))
}

fn chart(series: Vec<Series>, panel: &Panel<'_>) -> Chart {
    let points = || series.iter().flat_map(|series| &series.points);
    let mut x = Axis::linear("time from the start of the stream", Unit::Nanos, points().map(|point| point.x));
    x.range.1 /= 1.04;
    Chart {
        id: format!("memory-{}", panel.id),
        title: format!("Memory over time, {}", panel.title),
        x,
        // A strategy that gives all back would stretch the axis over decades in which nothing happens.
        y: Axis::log("bytes held", Unit::Bytes, points().map(|point| point.y.max(256.0))),
        bands: Vec::new(),
        guides: Vec::new(),
        contest: Vec::new(),
        series,
    }
}

fn headline(rows: &[(&Entry<'_>, &WeighSummary)]) -> String {
    let kept: Vec<&(&Entry<'_>, &WeighSummary)> = rows.iter().filter(|(entry, _)| entry.may_win()).collect();
    let peak = |(_, weigh): &(&Entry<'_>, &WeighSummary)| {
        weigh.live_bytes.median + weigh.server_used_bytes.map_or(0.0, |bytes| bytes.median)
    };
    let by_peak = |one: &&&(&Entry<'_>, &WeighSummary), other: &&&(&Entry<'_>, &WeighSummary)| {
        peak(one).total_cmp(&peak(other))
    };
    let (Some(least), Some(most)) = (kept.iter().min_by(by_peak), kept.iter().max_by(by_peak)) else {
        return "No candidate that kept its promise was weighed.".to_string();
    };
    let name = |row: &(&Entry<'_>, &WeighSummary)| clip(&row.0.name, 60);
    let gives_back = |(_, weigh): &&&(&Entry<'_>, &WeighSummary)| {
        weigh.emptied_bytes.median < 0.05 * weigh.live_bytes.median
    };
    let back = kept.iter().filter(gives_back).count();
    format!(
        "At its peak {} held {}{}; {back} of {} gave more than 95 % of their own memory back once the window had emptied.",
        name(least),
        memory(peak(least)),
        if least.0.name == most.0.name {
            String::new()
        } else {
            format!(", {} {}", name(most), memory(peak(most)))
        },
        plural(kept.len() as u64, "candidate"),
    )
}

/// The two states that were measured, side by side: with nothing between them.
fn states(rows: &[(&Entry<'_>, &WeighSummary)], panel: &Panel<'_>) -> Table {
    let columns = [
        ("strategy", false),
        ("its own, at the peak", true),
        ("the server's", true),
        ("bytes an id", true),
        ("its own, emptied", true),
        ("of its own at the peak", true),
    ];
    let caption = format!("At the peak, and once the window had emptied, {}", panel.title);
    let mut table = Table::new(format!("states-{}", panel.id), caption, &columns);
    for (entry, weigh) in rows {
        let bytes = |figure: Spread| Cell::number(memory(figure.median), figure.median);
        let (peak, left) = (weigh.live_bytes.median, weigh.emptied_bytes.median);
        let share = match left > peak {
            true => Cell::text("more than at its peak"),
            false => Cell::number(percent(left / peak.max(1.0)), left / peak.max(1.0)),
        };
        table.push(
            Some(entry.strategy),
            vec![
                Cell::text(&entry.name),
                bytes(weigh.live_bytes),
                weigh.server_used_bytes.map_or(Cell::none(), bytes),
                bytes_an_id(weigh),
                bytes(weigh.emptied_bytes),
                share,
            ],
        );
    }
    table
}

/// Named for what it is where it is not per id of the window.
fn bytes_an_id(weigh: &WeighSummary) -> Cell {
    let Some(bytes) = weigh.bytes_per_id else { return Cell::none() };
    let said = match (weigh.is_per_id_held(), weigh.is_least_size) {
        (true, _) => " per id held",
        (_, true) => " (its least size, divided by few ids)",
        (false, false) => "",
    };
    Cell::number(format!("{}{said}", spread(bytes, three)), bytes.median)
}

fn table(rows: &[(&Entry<'_>, &WeighSummary)], panel: &Panel<'_>) -> Table {
    let columns = [
        ("strategy", false),
        ("bytes an id of the window (range)", true),
        ("planned by its settings", true),
        ("most bytes held (range)", true),
        ("left when emptied (range)", true),
        ("server's bytes (range)", true),
        ("peak RSS of the process (range)", true),
        ("rounds", true),
    ];
    let mut table = Table::new(format!("memory-{}", panel.id), format!("Memory, {}", panel.title), &columns);
    for (entry, weigh) in rows {
        let bytes = |figure: Spread| Cell::number(spread(figure, memory), figure.median);
        table.push(
            Some(entry.strategy),
            vec![
                Cell::text(&entry.name),
                bytes_an_id(weigh),
                weigh
                    .planned_bytes
                    .map_or(Cell::none(), |planned| Cell::number(memory(planned.median), planned.median)),
                bytes(weigh.live_bytes),
                bytes(weigh.emptied_bytes),
                weigh.server_used_bytes.map_or(Cell::none(), bytes),
                bytes(weigh.peak_rss_bytes),
                Cell::number(weigh.live_bytes.rounds_count.to_string(), weigh.live_bytes.rounds_count.into()),
            ],
        );
    }
    table
}
