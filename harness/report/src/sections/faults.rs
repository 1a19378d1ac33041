//! Missed and lost over time, around each fault.

use dedup_records::record::{FaultFigures, OverTime, Role};
use dedup_records::units::{duration, plural, signed, signed_short, thousands};

use super::{Heading, figure};
use crate::cells::{count_cell, harm_cell};
use crate::change::{self, Change, Known};
use crate::chart::{Axis, Band, Chart, Join, Point, Series, Unit};
use crate::model::{Cell, Figure, Section, Table, Tone};
use crate::panel::{Entry, Panel};
use crate::words::{capital, clip, list};

const HEADING: Heading = Heading {
    id: "faults",
    title: "Around each fault",
    about: "Counts in equal slices of the stream's own time, all rounds added up; the shaded stretch is the fault. \
            Where a store keeps its own time and the stream is squeezed, strategies stand apart. \
            Strategies of which none was seen are named below instead of lying on the axis. A last slice in which the \
            stream ended is in the data and not in the chart.",
    absent: "No scenario of these records has a fault in it.",
};

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    // By what they changed, the most first.
    let mut ranked: Vec<&Panel<'_>> = panels.iter().filter(|panel| !panel.faults().is_empty()).collect();
    ranked.sort_by_key(|panel| std::cmp::Reverse(worst(panel)));
    let figures: Vec<Figure> = ranked.into_iter().filter_map(draw).collect();
    let headline = figures.first().map_or(HEADING.absent.to_string(), |figure| figure.headline.clone());
    Section { id: HEADING.id, title: HEADING.title, about: HEADING.about, headline, figures }
}

fn draw(panel: &Panel<'_>) -> Option<Figure> {
    let faults = panel.faults();
    if faults.is_empty() {
        return None;
    }
    let mut figure = figure(panel, headline(panel));
    let kinds: [(&str, &str, Counts); 2] = [
        ("missed", "duplicates delivered", |over| &over.missed_count),
        ("dropped", "first copies dropped: lost, or delayed", |over| &over.dropped_first_count),
    ];
    for (id, title, counts) in kinds {
        let series: Vec<Series> = panel.rows.iter().filter_map(|entry| line(entry, counts)).collect();
        let quiet = quiet(panel, &series);
        let (held, quiet): (Vec<String>, Vec<String>) = match id {
            "dropped" => {
                quiet.into_iter().partition(|name| of_no_line(panel).any(|(entry, _)| entry.name == *name))
            }
            _ => (Vec::new(), quiet),
        };
        if !held.is_empty() {
            figure.notes.push(format!(
                "{}: {} lost pings that were not dropped as copies, such as those held by what died; no line shows them.",
                capital(title),
                list(&held, 20)
            ));
        }
        if !quiet.is_empty() {
            figure.notes.push(format!("{}: none seen of {}.", capital(title), list(&quiet, 20)));
        }
        if !series.is_empty() {
            let table = table(id, title, &series, panel);
            let (shown, squashing) = without_floor(series, panel);
            if !squashing.is_empty() {
                figure.notes.push(format!(
                    "{}: {} is in the table and not drawn, as beside it the others could not be told apart.",
                    capital(title),
                    list(&squashing, 6)
                ));
            }
            figure.charts.push((chart(id, title, whole_slices(shown, panel), panel), table));
        }
    }
    // The chart that the headline speaks of comes first.
    if subject(panel).is_some_and(|(_, change)| change.lost > 0) {
        figure.charts.sort_by_key(|(chart, _)| !chart.id.starts_with("dropped"));
    }
    figure.tables.push(happened(panel));
    figure.tables.push(outcome(panel));
    Some(figure)
}

type Counts = fn(&OverTime) -> &Vec<u64>;

/// The counts of all rounds, slice by slice; none where all are 0.
fn line(entry: &Entry<'_>, counts: Counts) -> Option<Series> {
    let mut slices: Vec<u64> = Vec::new();
    let mut slice_ns = 0;
    for over in entry.verified().map(|figures| &figures.over_time) {
        slice_ns = over.slice_ns.max(slice_ns);
        for (index, count) in counts(over).iter().enumerate() {
            match slices.get_mut(index) {
                Some(sum) => *sum += count,
                None => slices.push(*count),
            }
        }
    }
    let ends = (slices.len() as u64 * slice_ns) as f64;
    let point = |(index, count): (usize, &u64)| Point {
        x: index as f64 * slice_ns as f64,
        y: *count as f64,
        ..Point::default()
    };
    let mut points: Vec<Point> = slices.iter().enumerate().map(point).collect();
    points.extend(points.last().map(|last| Point { x: ends, ..*last }));
    slices.iter().any(|count| *count > 0).then(|| Series {
        strategy: Some(entry.strategy),
        name: entry.name.clone(),
        join: Join::Step,
        points,
    })
}

/// The lines without a last slice in which hardly anything came: the stream ended in it, and its count would look like a
/// recovery.
fn whole_slices(mut series: Vec<Series>, panel: &Panel<'_>) -> Vec<Series> {
    let over = || panel.rows.iter().flat_map(Entry::verified).map(|figures| &figures.over_time.pings_count);
    let slices = over().map(Vec::len).max().unwrap_or(0);
    let pings: Vec<u64> =
        (0..slices).map(|slice| over().filter_map(|pings| pings.get(slice)).sum()).collect();
    let Some((last, before)) = pings.split_last().filter(|(_, before)| !before.is_empty()) else {
        return series;
    };
    if last * 2 >= before.iter().sum::<u64>() / before.len() as u64 {
        return series;
    }
    for line in series.iter_mut().filter(|line| line.points.len() == slices + 1) {
        line.points.truncate(slices);
        // The point that closes the slice before: as high as it, where the next would have begun.
        if let [.., before, end] = line.points.as_mut_slice() {
            end.y = before.y;
        }
    }
    series
}

/// Without what is there to compare with only, where it stands so high that it would press all others to the ground; and its name.
fn without_floor(series: Vec<Series>, panel: &Panel<'_>) -> (Vec<Series>, Vec<String>) {
    /// Lines are told from each other as long as they have two fifths of the height.
    const TIMES: f64 = 2.5;
    let is_floor = |series: &Series| {
        let own = panel.rows.iter().find(|entry| entry.name == series.name);
        own.is_some_and(|entry| entry.row.role == Role::Floor)
    };
    let highest =
        |of: &[Series]| of.iter().flat_map(|series| &series.points).map(|point| point.y).fold(0.0, f64::max);
    let (floor, others): (Vec<Series>, Vec<Series>) = series.iter().cloned().partition(is_floor);
    match !others.is_empty() && highest(&floor) > TIMES * highest(&others) {
        true => (others, floor.into_iter().map(|series| series.name).collect()),
        false => (series, Vec::new()),
    }
}

fn quiet(panel: &Panel<'_>, series: &[Series]) -> Vec<String> {
    let drawn = |entry: &&Entry<'_>| !series.iter().any(|series| series.name == entry.name);
    let verified = panel.rows.iter().filter(|entry| entry.row.summary.verify.is_some());
    verified.filter(drawn).map(|entry| entry.name.clone()).collect()
}

fn chart(id: &str, title: &str, series: Vec<Series>, panel: &Panel<'_>) -> Chart {
    let points = || series.iter().flat_map(|series| &series.points);
    let bands = panel.faults().iter().map(|fault| Band {
        from: fault.at_ns as f64,
        to: fault.at_ns.saturating_add(fault.for_ns) as f64,
        name: fault.kind.clone(),
    });
    let slice = panel
        .rows
        .iter()
        .flat_map(Entry::verified)
        .map(|figures| figures.over_time.slice_ns)
        .max()
        .unwrap_or(0);
    let mut x = Axis::linear("time from the start of the stream", Unit::Nanos, points().map(|point| point.x));
    x.range.1 /= 1.04;
    let name = format!("{title}, in each {}", duration(slice));
    let mut y = Axis::linear(&name, Unit::Number, points().map(|point| point.y));
    // Room for the names of faults above the lines.
    y.range.1 *= 1.15;
    Chart {
        id: format!("{id}-{}", panel.id),
        title: format!("{}, {}", capital(title), panel.title),
        x,
        y,
        bands: bands.collect(),
        guides: Vec::new(),
        contest: Vec::new(),
        series: series.into_iter().map(|series| series.thinned(160)).collect(),
    }
}

fn table(id: &str, title: &str, series: &[Series], panel: &Panel<'_>) -> Table {
    let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
    let columns: Vec<(&str, bool)> =
        std::iter::once(("from", true)).chain(names.iter().map(|name| (*name, true))).collect();
    let mut table =
        Table::new(format!("{id}-{}", panel.id), format!("{}, {}", capital(title), panel.title), &columns);
    let slices = series.iter().map(|series| series.points.len().saturating_sub(1)).max().unwrap_or(0);
    for slice in 0..slices {
        let counts: Vec<u64> =
            series.iter().map(|series| series.points.get(slice).map_or(0, |point| point.y as u64)).collect();
        if counts.iter().all(|count| *count == 0) {
            continue;
        }
        let from = series.iter().find_map(|series| series.points.get(slice)).map_or(0.0, |point| point.x);
        let mut cells = vec![Cell::number(duration(from as u64), from)];
        cells.extend(counts.into_iter().map(count_cell));
        table.push(None, cells);
    }
    table
}

/// Whether each fault happened.
fn happened(panel: &Panel<'_>) -> Table {
    let columns = [
        ("strategy", false),
        ("fault", false),
        ("at", true),
        ("for", true),
        ("fired", true),
        ("what was seen of it", false),
    ];
    let caption = format!("Did the faults happen? {}", panel.title);
    let mut table = Table::new(format!("fired-{}", panel.id), caption, &columns);
    for entry in &panel.rows {
        let rounds: Vec<&FaultFigures> = entry.verified().flat_map(|figures| &figures.faults).collect();
        let mut shown: Vec<(&str, u64)> = Vec::new();
        for fault in &rounds {
            if shown.contains(&(fault.kind.as_str(), fault.at_ns)) {
                continue;
            }
            shown.push((&fault.kind, fault.at_ns));
            let same = rounds.iter().filter(|other| (&other.kind, other.at_ns) == (&fault.kind, fault.at_ns));
            let fired: u64 = same.map(|fault| fault.fired_count).sum();
            let lasts = if fault.for_ns == 0 {
                Cell::text("at once")
            } else {
                Cell::number(duration(fault.for_ns), fault.for_ns as f64)
            };
            table.push(
                Some(entry.strategy),
                vec![
                    Cell::text(&entry.name),
                    Cell::text(&fault.kind),
                    Cell::number(duration(fault.at_ns), fault.at_ns as f64),
                    lasts,
                    count_cell(fired).toned(if fired == 0 { Tone::Warn } else { Tone::Plain }),
                    Cell::text(&fault.observed),
                ],
            );
        }
    }
    table
}

/// What came of it, strategy by strategy.
fn outcome(panel: &Panel<'_>) -> Table {
    let columns = [
        ("strategy", false),
        ("missed of duplicates (95 %)", true),
        ("missed", true),
        ("lost of uniques (95 %)", true),
        ("lost", true),
        ("delayed", true),
        ("redelivered", true),
        ("added by the fault: missed", true),
        ("lost", true),
        ("pings that waited", true),
        ("half of them", true),
        ("longest", true),
        ("store away", true),
        ("missed a second of that", true),
        ("lost a second of that", true),
        ("rounds", true),
    ];
    let mut table =
        Table::new(format!("outcome-{}", panel.id), format!("Under the faults, {}", panel.title), &columns);
    for entry in &panel.rows {
        let Some(v) = entry.row.summary.verify.as_ref() else { continue };
        let redelivered: u64 = entry.verified().map(|figures| figures.redelivered_count).sum();
        let added = v.added();
        let waited = v.waited_ns.as_ref().map(|waited| &waited.merged);
        let outage_ns = v.outage_ns().filter(|ns| *ns > 0);
        let a_second = |count: Option<i64>| {
            count.zip(outage_ns).map_or_else(Cell::none, |(count, ns)| {
                let rate = count as f64 / (ns as f64 / 1e9);
                Cell::number(signed_short(rate), rate)
            })
        };
        let (missed, lost) = (added.map(|added| added.missed_count), added.map(|added| added.lost_count));
        table.push(
            Some(entry.strategy),
            vec![
                Cell::text(&entry.name),
                crate::cells::share_cell(v.missed_count, v.duplicate_count),
                count_cell(v.missed_count),
                crate::cells::share_cell(v.told_apart_lost_count(), v.unique_count),
                harm_cell(v.told_apart_lost_count()),
                count_cell(v.delayed_count),
                count_cell(redelivered),
                signed_cell(missed),
                signed_cell(lost),
                waited.map_or_else(Cell::none, |waited| count_cell(waited.count)),
                time_cell(waited.map(|waited| waited.p50)),
                time_cell(waited.map(|waited| waited.max)),
                time_cell(outage_ns),
                a_second(missed),
                a_second(lost),
                count_cell(v.rounds_count.into()),
            ],
        );
    }
    table
}

fn signed_cell(count: Option<i64>) -> Cell {
    count.map_or_else(Cell::none, |count| Cell::number(signed(count), count as f64))
}

fn time_cell(ns: Option<u64>) -> Cell {
    ns.map_or_else(Cell::none, |ns| Cell::number(duration(ns), ns as f64))
}

/// What it changed for each candidate to which it happened.
fn changes<'a>(panel: &'a Panel<'_>) -> impl Iterator<Item = (&'a Entry<'a>, Change)> {
    let candidates = panel.rows.iter().filter(|entry| entry.row.role == Role::Candidate);
    candidates.filter_map(|entry| Some((entry, entry.change()?)))
}

/// The most that it changed for anyone.
pub(super) fn worst(panel: &Panel<'_>) -> Change {
    change::worst(changes(panel)).map_or(Change::default(), |(_, change)| change)
}

/// Those who lost pings of which no line can speak: what they held was not dropped as a copy.
fn of_no_line<'a>(panel: &'a Panel<'_>) -> impl Iterator<Item = (&'a Entry<'a>, Change)> {
    changes(panel).filter(|(entry, change)| {
        let slices = entry.verified().flat_map(|figures| &figures.over_time.dropped_first_count);
        change.lost > 0 && slices.sum::<u64>() == 0
    })
}

/// Of whom the headline speaks: the worst that a line shows; of what no line shows, where there is nothing else.
fn subject<'a>(panel: &'a Panel<'_>) -> Option<(&'a Entry<'a>, Change)> {
    let held: Vec<usize> = of_no_line(panel).map(|(entry, _)| entry.strategy).collect();
    let drawn = changes(panel).map(|(entry, change)| match held.contains(&entry.strategy) {
        true => (entry, change.of_copies()),
        false => (entry, change),
    });
    let drawn = change::worst(drawn).filter(|(_, change)| !change.is_none());
    drawn.or_else(|| change::worst(changes(panel)).filter(|(_, change)| !change.is_none()))
}

/// What it did to the others, and what is to be said of losses where the headline is about copies.
fn beside(count: usize, of: usize, did: &str, losses: &str) -> String {
    let also = match (count, of) {
        (_, 0) => String::new(),
        (0, 1) => "; the other did not".to_string(),
        (1, 1) => format!("; the other {did} too"),
        (0, of) => format!("; none of {of} others did"),
        (all, of) if all == of => format!("; all {of} others {did} too"),
        (some, of) => format!("; {some} of {of} others {did} too"),
    };
    also.clone() + if also.is_empty() { "" } else { losses }
}

/// What the fault changed, of whom most.
fn headline(panel: &Panel<'_>) -> String {
    let changes: Vec<(&Entry<'_>, Change)> = changes(panel).collect();
    let known = |known| panel.rows.iter().any(|entry| entry.without.is_some_and(|it| it.known == known));
    let than = match (known(Known::Run), known(Known::Mildest)) {
        (true, _) => " more than without it",
        (false, true) => " more than under the mildest fault",
        (false, false) => "",
    };
    let fault = panel.short_title();
    let strategies = |count: usize| plural(count as u64, "strategy").replace("strategys", "strategies");
    let others = |of: fn(&Change) -> u64| {
        let some = changes.iter().filter(|(_, change)| of(change) > 0).count().saturating_sub(1);
        (some, changes.len().saturating_sub(1))
    };
    let some = |count: u64, noun: &str| format!("{} {noun}", thousands(count));
    let subject = subject(panel);
    let held: Vec<String> = of_no_line(panel)
        .filter(|(entry, _)| subject.is_none_or(|(own, change)| own.name != entry.name || change.lost == 0))
        .map(|(entry, change)| format!("{} {}", clip(&entry.name, 60), change.words()))
        .collect();
    let lost_anyway = |(entry, _): &(&Entry<'_>, Change)| {
        entry.row.summary.verify.as_ref().is_some_and(|verify| verify.told_apart_lost_count() > 0)
    };
    let losses = match (held.is_empty(), changes.iter().any(lost_anyway)) {
        (false, _) => "",
        (true, true) => ", and none lost more than without it",
        (true, false) => ", and none lost any",
    };
    let said = match subject.map(|(entry, change)| (clip(&entry.name, 60), change)) {
        Some((name, change)) if change.lost > 0 => {
            let (count, of) = others(|change| change.lost);
            format!(
                "Under {fault}, {name} lost {}{than}{}",
                some(change.lost, "pings"),
                beside(count, of, "lost some", "")
            )
        }
        Some((name, change)) => {
            let (count, of) = others(|change| change.copies);
            format!(
                "Under {fault}, {name} let {} through{than}{}",
                some(change.copies, "copies"),
                beside(count, of, "let some through", losses)
            )
        }
        None => format!("{fault} changed nothing for {}", strategies(changes.len())),
    };
    let said = match held.is_empty() {
        true => said,
        false => format!("{said}; {}, of which no line speaks", list(&held, 6)),
    };
    let never = panel.rows.iter().filter(|entry| {
        let rounds: Vec<&FaultFigures> = entry.verified().flat_map(|figures| &figures.faults).collect();
        !rounds.is_empty() && rounds.iter().all(|fault| fault.fired_count == 0)
    });
    let never: Vec<String> = never.map(|entry| entry.name.clone()).collect();
    match never.as_slice() {
        [] => said + ".",
        some => format!("{said}. It never happened to {}.", list(some, 6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_others_did_is_said_in_words() {
        assert_eq!(beside(0, 0, "lost some", ""), "");
        assert_eq!(beside(0, 2, "lost some", ""), "; none of 2 others did");
        assert_eq!(beside(2, 2, "lost some", ""), "; all 2 others lost some too");
        assert_eq!(
            beside(1, 3, "let some through", ", and none lost any"),
            "; 1 of 3 others let some through too, and none lost any"
        );
    }
}
