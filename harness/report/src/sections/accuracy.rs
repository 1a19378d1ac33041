//! Accuracy against memory.

use dedup_records::compare::VerifySummary;
use dedup_records::stats::{Spread, rule_of_three, wilson_95};
use dedup_records::units::thousands;

use super::{Heading, figure, section_of};
use crate::cells::{harm_cell, share_cell};
use crate::chart::{Axis, Chart, Join, Point, PointKind, Series, Unit};
use crate::model::{Cell, Figure, Section, Table};
use crate::panel::{Entry, Panel};
use crate::words::{counted, list, percent, spread, three};

const HEADING: Heading = Heading {
    id: "accuracy",
    title: "Accuracy against memory",
    about: "Down and to the left is better. Bars are 95 % intervals of the counts and the range of the rounds. An open \
            mark that points down stands where no duplicate was missed: it lies at the upper bound that the count \
            supports, 3/N. A ring marks a strategy that lost pings. The dotted line is the Pareto frontier of the \
            candidates that kept their promise and lost nothing; it runs through what was seen, so neighbours whose \
            intervals overlap are not ranked by it.",
    absent: "These records do not hold both a verify and a weigh pass of any strategy, so accuracy cannot be set \
             against memory.",
};

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    section_of(HEADING, panels, draw)
}

struct Spot<'a> {
    entry: &'a Entry<'a>,
    verify: &'a VerifySummary,
    bytes: Spread,
}

fn draw(panel: &Panel<'_>) -> Option<Figure> {
    let spots: Vec<Spot<'_>> = panel.rows.iter().filter_map(spot).collect();
    if spots.is_empty() {
        return None;
    }
    let mut figure = figure(panel, headline(&spots));
    let left_out = panel.rows.iter().filter(|entry| spot(entry).is_none());
    let left_out: Vec<String> = left_out.map(|entry| entry.name.clone()).collect();
    if !left_out.is_empty() {
        let names = list(&left_out, 8);
        figure.notes.push(format!(
            "Not drawn, because one of the two was not measured or it tracks no ids: {names}."
        ));
    }
    figure.charts.push((chart(&spots, panel), table(&spots, panel)));
    Some(figure)
}

fn spot<'a>(entry: &'a Entry<'_>) -> Option<Spot<'a>> {
    let summary = &entry.row.summary;
    let bytes = summary.weigh.as_ref()?.bytes_per_id.filter(|bytes| bytes.median > 0.0)?;
    let verify = summary.verify.as_ref().filter(|verify| verify.duplicate_count > 0)?;
    Some(Spot { entry, verify, bytes })
}

/// The share of duplicates missed as it is drawn: the bound where none was.
fn height(verify: &VerifySummary) -> f64 {
    match verify.missed_count {
        0 => rule_of_three(verify.duplicate_count),
        missed => missed as f64 / verify.duplicate_count as f64,
    }
}

fn chart(spots: &[Spot<'_>], panel: &Panel<'_>) -> Chart {
    let series: Vec<Series> = spots.iter().map(series).collect();
    let points = || series.iter().flat_map(|series| &series.points);
    let x = points()
        .flat_map(|point| [Some(point.x), point.x_range.map(|r| r.0), point.x_range.map(|r| r.1)])
        .flatten();
    let y = points()
        .flat_map(|point| [Some(point.y), point.y_range.map(|r| r.0), point.y_range.map(|r| r.1)])
        .flatten();
    Chart {
        id: format!("accuracy-{}", panel.id),
        title: format!("Duplicates missed against bytes an id, {}", panel.title),
        x: wider(Axis::log("bytes an id, when it held most", Unit::Number, x)),
        y: Axis::log("duplicates missed, % of all duplicates", Unit::Share, y),
        bands: Vec::new(),
        guides: Vec::new(),
        contest: contest(spots),
        series,
    }
}

/// Room for names at both sides.
fn wider(axis: Axis) -> Axis {
    let (low, high) = axis.range;
    let room = (high / low).powf(0.08);
    Axis { range: (low / room, high * room), ..axis }
}

fn series(spot: &Spot<'_>) -> Series {
    let verify = spot.verify;
    let kind = match (verify.told_apart_lost_count(), verify.missed_count) {
        (0, 0) => PointKind::Bound,
        (0, _) => PointKind::Seen,
        _ => PointKind::Harmed,
    };
    let lost = match verify.told_apart_lost_count() {
        0 => String::new(),
        lost => format!(", lost {}", thousands(lost)),
    };
    let point = Point {
        x: spot.bytes.median,
        y: height(verify),
        x_range: (spot.bytes.rounds_count > 1).then_some((spot.bytes.min, spot.bytes.max)),
        y_range: (verify.missed_count > 0).then(|| wilson_95(verify.missed_count, verify.duplicate_count)),
        kind,
    };
    Series {
        strategy: Some(spot.entry.strategy),
        name: format!("{}{lost}", crate::words::clip(&spot.entry.name, 22)),
        join: Join::Marks,
        points: vec![point],
    }
}

/// The candidates that kept their promise and lost nothing.
fn contest(spots: &[Spot<'_>]) -> Vec<usize> {
    let fit = |spot: &Spot<'_>| spot.entry.may_win() && spot.verify.told_apart_lost_count() == 0;
    (0..spots.len()).filter(|index| fit(&spots[*index])).collect()
}

/// What the smallest of those that lost nothing needs, and what it misses.
fn headline(spots: &[Spot<'_>]) -> String {
    let lossless = |spot: &&Spot<'_>| spot.entry.may_win() && spot.verify.told_apart_lost_count() == 0;
    let Some(small) =
        spots.iter().filter(lossless).min_by(|one, other| one.bytes.median.total_cmp(&other.bytes.median))
    else {
        return "No candidate kept its promise without losing a ping.".to_string();
    };
    let verify = small.verify;
    let mut headline = format!(
        "Of the candidates that kept their promise and lost nothing seen, {} held the fewest bytes an id, {}, and missed {} duplicates",
        crate::words::clip(&small.entry.name, 60),
        spread(small.bytes, three),
        counted(verify.missed_count, verify.duplicate_count),
    );
    let smaller = spots.iter().filter(|spot| spot.entry.keeps() && spot.verify.told_apart_lost_count() > 0);
    let smaller = smaller
        .filter(|spot| spot.bytes.max < small.bytes.min)
        .min_by(|one, other| one.bytes.median.total_cmp(&other.bytes.median));
    if let Some(spot) = smaller {
        let share =
            percent(spot.verify.told_apart_lost_count() as f64 / spot.verify.unique_count.max(1) as f64);
        headline.push_str(&format!(
            "; {} held {}, and lost {share} of the uniques",
            crate::words::clip(&spot.entry.name, 60),
            three(spot.bytes.median)
        ));
    }
    headline.push('.');
    headline
}

fn table(spots: &[Spot<'_>], panel: &Panel<'_>) -> Table {
    let columns = [
        ("strategy", false),
        ("bytes an id (range)", true),
        ("missed of all duplicates (95 %)", true),
        ("missed in window (95 %)", true),
        ("lost, pings", true),
        ("lost of uniques (95 %)", true),
        ("rounds", true),
    ];
    let caption = format!("Accuracy and memory, {}", panel.title);
    let mut table = Table::new(format!("accuracy-{}", panel.id), caption, &columns);
    for spot in spots {
        let v = spot.verify;
        table.push(
            Some(spot.entry.strategy),
            vec![
                Cell::text(&spot.entry.name),
                Cell::number(spread(spot.bytes, three), spot.bytes.median),
                share_cell(v.missed_count, v.duplicate_count),
                share_cell(v.missed_in_window_count, v.duplicate_in_window_count),
                harm_cell(v.told_apart_lost_count()),
                share_cell(v.told_apart_lost_count(), v.unique_count),
                Cell::number(v.rounds_count.to_string(), v.rounds_count.into()),
            ],
        );
    }
    table
}
