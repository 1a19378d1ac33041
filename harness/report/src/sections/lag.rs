//! How late duplicates come, and what a window of a given length can know.

use dedup_records::record::{LagFigures, Prediction};
use dedup_records::units::{duration, thousands};

use super::{Heading, figure, section_of};
use crate::cells::{count_cell, dependent_share_cell, share_cell};
use crate::chart::{Axis, Chart, Guide, Join, Point, Series, Unit};
use crate::model::{Cell, Figure, Section, Table, View};
use crate::panel::{Entry, Panel};
use crate::words::{clip, list, percent};

const HEADING: Heading = Heading {
    id: "lag",
    title: "How late duplicates come",
    about: "The line is the share of duplicates that came within a time of the first copy; each upright line is the \
            window of the strategies named at it. What lies to the right of a window cannot be known by it. Predicted \
            is a model: the share of duplicates that came later than the window, or what the records themselves \
            predict for each cause; seen is what was counted.",
    absent: "These records hold no duplicates with their delays, so there is no distribution to show.",
};

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    // Scenarios that differ in their faults alone have the same delays but for what a fault delivers again: one chart for
    // all of them.
    let first = |panel: &Panel<'_>| panels.iter().find(|other| alike(other, panel));
    section_of(HEADING, panels, |panel| {
        if first(panel).is_some_and(|first| first.id != panel.id) {
            return None;
        }
        let mut figure = draw(panel)?;
        let same = panels.iter().filter(|other| other.id != panel.id && alike(other, panel));
        let same: Vec<String> = same.map(Panel::short_title).collect();
        if !same.is_empty() {
            figure
                .notes
                .push(format!("The same delays within 2 %, and no chart of their own: {}.", list(&same, 24)));
        }
        Some(figure)
    })
}

/// Whether the share of duplicates within any lag is the same, or nearly, in both.
fn alike(one: &Panel<'_>, other: &Panel<'_>) -> bool {
    const NEARLY: f64 = 0.02;
    let shares = |panel: &Panel<'_>| {
        let lags = panel.block().widest_verify().map_or(&[][..], |verify| &verify.by_lag);
        let ends: Vec<Option<u64>> = lags.iter().map(|lag| lag.up_to_ns).collect();
        (ends, curve(lags))
    };
    let ((ends, shares), (other_ends, others)) = (shares(one), shares(other));
    let near = || shares.iter().zip(&others).all(|((_, one), (_, other))| (one - other).abs() < NEARLY);
    one.id == other.id || (ends == other_ends && near())
}

fn draw(panel: &Panel<'_>) -> Option<Figure> {
    let verify = panel.block().widest_verify().filter(|verify| verify.duplicate_count > 0)?;
    let curve = curve(&verify.by_lag);
    if curve.len() < 3 {
        return None;
    }
    let windows = windows(panel);
    let mut figure = figure(panel, headline(&curve, &windows, panel));
    figure.charts.push((chart(&curve, &windows, panel), lags(&verify.by_lag, panel)));
    let seen = predicted(panel, &curve);
    if !seen.lines.is_empty() {
        figure.tables.push(seen);
    }
    let causes = causes(panel);
    if !causes.lines.is_empty() {
        figure.tables.push(causes.viewed(View::Folded));
    }
    let without = panel.rows.iter().filter(|entry| entry.window_ns().is_none());
    let without: Vec<String> = without.map(|entry| entry.name.clone()).collect();
    if !without.is_empty() {
        figure.notes.push(format!("No window in time, so no line: {}.", list(&without, 12)));
    }
    Some(figure)
}

/// The share of duplicates with a lag up to each time at which one was counted; lags without an upper end come last.
fn curve(lags: &[LagFigures]) -> Vec<(f64, f64)> {
    let all: u64 = lags.iter().map(|lag| lag.duplicate_count).sum();
    let first = lags.iter().find_map(|lag| lag.up_to_ns).unwrap_or(1) as f64 / 10.0;
    let mut sum = 0;
    let mut curve = vec![(first, 0.0)];
    for lag in lags {
        sum += lag.duplicate_count;
        if let Some(up_to) = lag.up_to_ns {
            curve.push((up_to as f64, sum as f64 / all.max(1) as f64));
        }
    }
    curve
}

/// Below and above what share of duplicates the true share with a lag up to `at` lies: equal at a counted time.
fn within(curve: &[(f64, f64)], at: f64) -> (f64, f64) {
    let below = curve.iter().rev().find(|(time, _)| *time <= at).map_or(0.0, |(_, share)| *share);
    let above = curve.iter().find(|(time, _)| *time >= at).map_or(1.0, |(_, share)| *share);
    (below, above)
}

/// Each length of window, and who has it.
fn windows<'a>(panel: &'a Panel<'a>) -> Vec<(u64, Vec<&'a Entry<'a>>)> {
    let mut windows: std::collections::BTreeMap<u64, Vec<&Entry<'_>>> = std::collections::BTreeMap::new();
    for entry in &panel.rows {
        if let Some(window) = entry.window_ns() {
            windows.entry(window).or_default().push(entry);
        }
    }
    windows.into_iter().collect()
}

fn chart(curve: &[(f64, f64)], windows: &[(u64, Vec<&Entry<'_>>)], panel: &Panel<'_>) -> Chart {
    let points = curve.iter().map(|(x, y)| Point { x: *x, y: *y, ..Point::default() });
    let points =
        Series { strategy: None, name: String::new(), join: Join::LineAndMarks, points: points.collect() };
    let guide = |(window, entries): &(u64, Vec<&Entry<'_>>)| Guide {
        x: *window as f64,
        name: match entries.as_slice() {
            [only] => format!("{}: {}", duration(*window), clip(&only.name, 24)),
            several => format!("{}: {} strategies", duration(*window), several.len()),
        },
        strategy: match entries.as_slice() {
            [only] => Some(only.strategy),
            _ => None,
        },
    };
    let times = curve.iter().map(|(x, _)| *x).chain(windows.iter().map(|(window, _)| *window as f64));
    Chart {
        id: format!("lag-{}", panel.id),
        title: format!("Lag of duplicates behind the first copy, {}", panel.title),
        x: Axis::log("lag behind the first copy", Unit::Nanos, times),
        y: Axis {
            range: (0.0, 1.02),
            ..Axis::linear("duplicates that came within it, %", Unit::Share, [1.0].into_iter())
        },
        series: vec![points],
        bands: Vec::new(),
        guides: windows.iter().map(guide).collect(),
        contest: Vec::new(),
    }
}

fn headline(curve: &[(f64, f64)], windows: &[(u64, Vec<&Entry<'_>>)], panel: &Panel<'_>) -> String {
    let wanted = panel.block().stream.window_ns.or(windows.first().map(|(window, _)| *window));
    let Some(window) = wanted else {
        return "No strategy here has a window in time.".to_string();
    };
    let share = match within(curve, window as f64) {
        (low, high) if low == high => percent(low),
        (low, high) => format!("between {} and {}", percent(low), percent(high)),
    };
    let longest = windows.last().map(|(window, _)| *window).filter(|longest| *longest > window);
    let more = longest.map_or(String::new(), |longest| {
        let (low, _) = within(curve, longest as f64);
        format!("; {} at least {}", duration(longest), percent(low))
    });
    format!("A window of {} covers {share} of this stream's duplicates{more}.", duration(window))
}

/// The chart's data: how many came in each range of lags.
fn lags(lags: &[LagFigures], panel: &Panel<'_>) -> Table {
    let columns = [("lag up to", true), ("duplicates", true), ("share within it", true)];
    let mut table = Table::new(format!("lag-{}", panel.id), format!("Lags, {}", panel.title), &columns);
    let all: u64 = lags.iter().map(|lag| lag.duplicate_count).sum();
    let mut sum = 0;
    for lag in lags {
        sum += lag.duplicate_count;
        let up_to = lag.up_to_ns.map_or(Cell::text("longer"), |ns| Cell::number(duration(ns), ns as f64));
        let share = sum as f64 / all.max(1) as f64;
        table.push(None, vec![up_to, count_cell(lag.duplicate_count), Cell::number(percent(share), share)]);
    }
    table
}

/// What each window predicts, and what was seen.
fn predicted(panel: &Panel<'_>, curve: &[(f64, f64)]) -> Table {
    let columns = [
        ("strategy", false),
        ("window", true),
        ("missed by the window alone (model)", true),
        ("seen missed (95 %)", true),
        ("missed, pings", true),
    ];
    let caption =
        format!("What the window alone predicts to be missed, and all that was seen missed, {}", panel.title);
    let mut table = Table::new(format!("window-{}", panel.id), caption, &columns);
    for entry in &panel.rows {
        let (Some(window), Some(verify)) = (entry.window_ns(), entry.row.summary.verify.as_ref()) else {
            continue;
        };
        let (low, high) = within(curve, window as f64);
        let model = match low == high {
            true => percent(1.0 - low),
            false => format!("{} to {}", percent(1.0 - high), percent(1.0 - low)),
        };
        table.push(
            Some(entry.strategy),
            vec![
                Cell::text(&entry.name),
                Cell::number(duration(window), window as f64),
                Cell::number(model, 1.0 - low),
                share_cell(verify.missed_count, verify.duplicate_count),
                count_cell(verify.missed_count),
            ],
        );
    }
    table
}

/// What the records predict for each cause.
fn causes(panel: &Panel<'_>) -> Table {
    let columns = [
        ("strategy", false),
        ("cause", false),
        ("tables", false),
        ("because", false),
        ("predicted (model)", true),
        ("seen (95 %)", true),
        ("copies", true),
    ];
    let caption = format!("Missed by cause: predicted and seen, {}", panel.title);
    let mut table = Table::new(format!("cause-{}", panel.id), caption, &columns);
    for entry in &panel.rows {
        for Sum { prediction, duplicates, missed, expected, independent } in merged(entry) {
            let tables = prediction.tables.name();
            let share = if duplicates == 0 { 0.0 } else { expected / duplicates as f64 };
            table.push(
                Some(entry.strategy),
                vec![
                    Cell::text(&entry.name),
                    Cell::text(&prediction.cause),
                    Cell::text(tables),
                    Cell::text(&prediction.because),
                    Cell::number(percent(share), share),
                    dependent_share_cell(missed, duplicates, independent),
                    Cell::number(thousands(duplicates), duplicates as f64),
                ],
            );
        }
    }
    table
}

/// A prediction over all rounds.
struct Sum<'a> {
    prediction: &'a Prediction,
    duplicates: u64,
    missed: u64,
    /// Misses that theory says.
    expected: f64,
    independent: u64,
}

/// The predictions of all rounds, those of one cause, set of tables and reason added up.
fn merged<'a>(entry: &Entry<'a>) -> Vec<Sum<'a>> {
    let mut sums: Vec<Sum<'a>> = Vec::new();
    for prediction in entry.verified().flat_map(|figures| &figures.predicted) {
        let key = |p: &'a Prediction| (&p.cause, p.tables, &p.because);
        let place = sums.iter().position(|sum| key(sum.prediction) == key(prediction)).unwrap_or_else(|| {
            sums.push(Sum { prediction, duplicates: 0, missed: 0, expected: 0.0, independent: 0 });
            sums.len() - 1
        });
        let sum = &mut sums[place];
        sum.duplicates += prediction.duplicate_count;
        sum.missed += prediction.missed_count;
        sum.expected += prediction.predicted_ratio * prediction.duplicate_count as f64;
        sum.independent += prediction.independent_count;
    }
    sums
}
