//! A trend as a report: one section a metric, one figure a scenario.

use dedup_records::metrics::Quantity;
use dedup_records::units::plural;

use super::history::{FOLLOWED, Followed, History, Trend};
use crate::chart::{Axis, Chart, Guide, Join, Point, Scale, Series, Unit};
use crate::model::{Cell, Fact, Figure, Opening, Report, Section, Table, Tone};
use crate::palette::Palette;
use crate::words::{clip, program, spread};

const ABOUT: &str = "Each mark is the median of one run's rounds, its bar their range, in the order in which the runs began. An \
                     upright line marks where a figure seems to change: a hint by E-divisive (energy distance, permutation \
                     test at 1 %, at least 3 % of the median), not a verdict. Counts of one stream and seed change wherever \
                     they differ.";

/// The trend as a report.
pub fn report(trend: &Trend) -> Report {
    let palette = Palette::of(trend.histories.iter().map(|history| history.strategy.as_str()));
    let sections = FOLLOWED.iter().map(|followed| section(followed, trend, &palette)).collect();
    let comparison = trend.comparison.clone();
    let labels: Vec<&str> = comparison.runs.iter().map(|source| source.label.as_str()).collect();
    let command = format!("dedup-harness trend {}", labels.join(" "));
    Report { opening: opening(trend), sections, palette, command, comparison }
}

fn opening(trend: &Trend) -> Opening {
    let changes: usize = trend.histories.iter().map(|history| history.changes.len()).sum();
    let followed = trend.histories.iter().filter(|history| history.figures.len() > 1).count();
    let (first, last) = (trend.moments.first(), trend.moments.last());
    let date =
        |moment: Option<&super::Moment>| moment.map_or(String::new(), |moment| moment.started_at.clone());
    let mut machines: Vec<String> =
        trend.histories.iter().map(|history| history.conditions.clone()).collect();
    machines.sort();
    machines.dedup();
    Opening {
        title: format!("Trend of {}", plural(trend.moments.len() as u64, "run")),
        claim: format!("Trend of {}", plural(trend.moments.len() as u64, "run")),
        sentence: match changes {
            0 => format!(
                "In {} followed over time, nothing seems to change.",
                plural(followed as u64, "figure")
            ),
            some => format!(
                "In {} followed over time, {} to look at: hints, not verdicts.",
                plural(followed as u64, "figure"),
                plural(some as u64, "change")
            ),
        },
        facts: vec![
            ("From and to", Fact::of(vec![format!("{} to {}", date(first), date(last))], "span")),
            ("Machine", Fact::of(machines, "machine")),
            (
                "Program",
                Fact::of(
                    trend.comparison.runs.last().map(|source| program(&source.run)).into_iter().collect(),
                    "run",
                ),
            ),
        ],
        verdicts: vec![(if changes > 0 { Tone::Warn } else { Tone::Dim }, plural(changes as u64, "hint"))],
        overview: None,
        kinds: Vec::new(),
        figures: Vec::new(),
        notes: Vec::new(),
    }
}

fn section(followed: &Followed, trend: &Trend, palette: &Palette) -> Section {
    let mut groups: Vec<Vec<&History>> = Vec::new();
    for history in trend.histories.iter().filter(|history| history.followed.metric == followed.metric) {
        let same = |group: &&mut Vec<&History>| {
            (&group[0].scenario, &group[0].conditions) == (&history.scenario, &history.conditions)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(history),
            None => groups.push(vec![history]),
        }
    }
    let figures: Vec<Figure> = groups
        .iter()
        .enumerate()
        .map(|(index, group)| figure(index, followed, group, trend, palette))
        .collect();
    let headline = match figures.as_slice() {
        [] => "Not measured in these runs.".to_string(),
        [only] => only.headline.clone(),
        [lead, ..] => format!("{}: {}", lead.title, lead.headline),
    };
    Section { id: followed.id, title: followed.metric.title, about: ABOUT, headline, figures }
}

fn figure(index: usize, followed: &Followed, group: &[&History], trend: &Trend, palette: &Palette) -> Figure {
    let id = format!("trend-{}-{index}", followed.name.replace(' ', "-"));
    let hints = group.iter().flat_map(|history| {
        history.changes.iter().map(move |change| {
            let (run, _) = history.figures[change.at];
            let moment = &trend.moments[run];
            format!(
                "{} {} at {} ({})",
                clip(&history.strategy, 60),
                history.words(change),
                moment.started_at,
                moment.commit
            )
        })
    });
    let hints: Vec<String> = hints.collect();
    let headline = match hints.as_slice() {
        [] => "nothing seems to change.".to_string(),
        [only] => format!("{only}."),
        [first, rest @ ..] => format!("{first}; and {}.", plural(rest.len() as u64, "more change")),
    };
    let chart = chart(&id, followed, group, trend, palette);
    let charts = if chart.is_empty() { Vec::new() } else { vec![(chart, table(&id, group, trend, palette))] };
    Figure {
        title: clip(&group[0].scenario, 80),
        headline,
        source: group[0].conditions.clone(),
        charts,
        tables: Vec::new(),
        notes: hints,
        struck: Vec::new(),
    }
}

fn chart(id: &str, followed: &Followed, group: &[&History], trend: &Trend, palette: &Palette) -> Chart {
    let series: Vec<Series> = group
        .iter()
        .map(|history| Series {
            strategy: Some(palette.index(&history.strategy)),
            name: history.strategy.clone(),
            join: Join::LineAndMarks,
            points: history
                .figures
                .iter()
                .map(|(run, figure)| Point {
                    x: *run as f64,
                    y: figure.median,
                    y_range: (figure.rounds_count > 1).then_some((figure.min, figure.max)),
                    ..Point::default()
                })
                .collect(),
        })
        .collect();
    let guides = group.iter().flat_map(|history| {
        history.changes.iter().map(|change| Guide {
            // Between the last run before and the first after.
            x: history.figures[change.at].0 as f64 - 0.5,
            name: format!("{} {}", clip(&history.strategy, 20), history.words(change)),
            strategy: Some(palette.index(&history.strategy)),
        })
    });
    let values = || {
        let points = series.iter().flat_map(|series| &series.points);
        points.flat_map(|point| {
            let (low, high) = point.y_range.unwrap_or((point.y, point.y));
            [low, high]
        })
    };
    let title = followed.metric.title.to_lowercase();
    let mut y = match followed.metric.quantity {
        Quantity::Rate => Axis::log(&title, Unit::PerSecond, values()),
        Quantity::Time => Axis::log(&title, Unit::Nanos, values()),
        Quantity::Bytes => Axis::log(&title, Unit::Bytes, values()),
        Quantity::BytesPerId => Axis::log(&title, Unit::Number, values()),
        Quantity::Count => Axis::linear(&title, Unit::Number, values()),
    };
    // Room for the names of changes below the lines.
    if y.scale == Scale::Log {
        y.range.0 /= (y.range.1 / y.range.0).powf(0.15);
    }
    // `2026-11-24T23:39:20Z` as `11-24 23:39`.
    let day = |moment: &super::Moment| moment.started_at.get(5..16).unwrap_or("").replace('T', " ");
    let mut x = Axis::names("run", trend.moments.iter().map(day).collect());
    // Room for the names beside the last marks.
    x.range.1 += trend.moments.len() as f64 * 0.22;
    Chart {
        id: id.to_string(),
        title: format!("{} over time, {}", followed.name, clip(&group[0].scenario, 80)),
        x,
        y,
        guides: guides.collect(),
        bands: Vec::new(),
        contest: Vec::new(),
        series,
    }
}

fn table(id: &str, group: &[&History], trend: &Trend, palette: &Palette) -> Table {
    let columns = [
        ("strategy", false),
        ("run", false),
        ("began", false),
        ("commit", false),
        ("figure (range)", true),
        ("rounds", true),
    ];
    let mut table = Table::new(
        id.to_string(),
        format!("Every run: {}, {}", group[0].followed.name, clip(&group[0].scenario, 80)),
        &columns,
    );
    for history in group {
        for (run, figure) in &history.figures {
            let moment = &trend.moments[*run];
            table.push(
                Some(palette.index(&history.strategy)),
                vec![
                    Cell::text(&history.strategy),
                    Cell::text(&moment.run),
                    Cell::text(&moment.started_at),
                    Cell::text(&moment.commit),
                    Cell::number(spread(*figure, |value| history.followed.show(value)), figure.median),
                    Cell::number(figure.rounds_count.to_string(), figure.rounds_count.into()),
                ],
            );
        }
    }
    table
}
