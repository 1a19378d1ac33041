//! What the script of a page needs to draw its charts again: for the width of the screen, and of what is shown.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::chart::{Axis, Chart, Join, Point, PointKind, Scale, Series, Unit};
use crate::model::{Figure, Report};
use crate::palette::Mark;

fn charts(report: &Report) -> impl Iterator<Item = &Chart> {
    let figures: Vec<&Figure> = report.sections.iter().flat_map(|section| &section.figures).collect();
    figures.into_iter().flat_map(|figure| &figure.charts).map(|(chart, _)| chart)
}

#[derive(Serialize)]
struct Data<'a> {
    /// What draws the page again.
    command: &'a str,
    charts: BTreeMap<&'a str, ChartData<'a>>,
    /// The places along x that series have, each list once.
    along: Vec<Vec<Short>>,
    /// The mark of each strategy.
    marks: Vec<&'static str>,
    /// Those that are grey until they are chosen.
    quiet: Vec<usize>,
}

#[derive(Serialize)]
struct ChartData<'a> {
    x: AxisData<'a>,
    y: AxisData<'a>,
    /// From, to, and what it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bands: Vec<(Short, Short, &'a str)>,
    /// Where, its name, and its strategy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    guides: Vec<(Short, &'a str, Option<usize>)>,
    #[serde(skip_serializing_if = "<[usize]>::is_empty")]
    contest: &'a [usize],
    series: Vec<SeriesData<'a>>,
}

#[derive(Serialize)]
struct AxisData<'a> {
    title: &'a str,
    unit: &'static str,
    log: bool,
    range: (Short, Short),
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    names: &'a [String],
}

#[derive(Serialize)]
struct SeriesData<'a> {
    /// Its strategy.
    s: Option<usize>,
    /// Its name.
    n: &'a str,
    /// How its points are joined.
    j: &'static str,
    /// Which list of places along x its points have.
    a: usize,
    /// Its points without x.
    p: Vec<PointData>,
}

/// y; what it stands for, where it is not just what was seen; the intervals around x and around y.
#[derive(Serialize)]
#[serde(untagged)]
enum PointData {
    Bare(Short),
    Meant(Short, u8),
    Around(Short, u8, Option<(Short, Short)>, Option<(Short, Short)>),
}

/// The lists of places along x that were met, by what they are written as.
#[derive(Default)]
struct Along {
    numbers: HashMap<Vec<u64>, usize>,
    lists: Vec<Vec<Short>>,
}

impl Along {
    /// The number of the list of these points.
    fn of(&mut self, points: &[Point]) -> usize {
        let next = self.lists.len();
        let own = points.iter().map(|point| point.x.to_bits()).collect();
        let number = *self.numbers.entry(own).or_insert(next);
        if number == next {
            self.lists.push(points.iter().map(|point| Short(point.x)).collect());
        }
        number
    }
}

/// A number with the digits that are seen of it.
struct Short(f64);

impl Serialize for Short {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_whole = |number: f64| number.fract() == 0.0 && number.abs() < 1e15;
        let number = match self.0 {
            whole if is_whole(whole) => whole,
            number => format!("{number:.4e}").parse().unwrap_or(number),
        };
        if is_whole(number) {
            return serializer.serialize_i64(number as i64);
        }
        serializer.serialize_f64(number)
    }
}

/// As JSON that may stand in a script element.
pub(super) fn json(report: &Report) -> String {
    let palette = &report.palette;
    let all = 0..palette.names().len();
    let mut along = Along::default();
    let charts = charts(report).map(|chart| (chart.id.as_str(), chart_data(chart, &mut along))).collect();
    let data = Data {
        command: &report.command,
        charts,
        along: along.lists,
        marks: all.clone().map(|index| mark(palette.look(index).mark)).collect(),
        quiet: all.filter(|index| palette.is_quiet(*index)).collect(),
    };
    let text = serde_json::to_string(&data).expect("plain data");
    // Neither an end tag nor a comment can begin within it.
    text.replace('<', "\\u003c")
}

fn chart_data<'a>(chart: &'a Chart, along: &mut Along) -> ChartData<'a> {
    ChartData {
        x: axis(&chart.x),
        y: axis(&chart.y),
        bands: chart
            .bands
            .iter()
            .map(|band| (Short(band.from), Short(band.to), band.name.as_str()))
            .collect(),
        guides: chart
            .guides
            .iter()
            .map(|guide| (Short(guide.x), guide.name.as_str(), guide.strategy))
            .collect(),
        contest: &chart.contest,
        series: chart.series.iter().map(|one| series(one, along)).collect(),
    }
}

fn axis(axis: &Axis) -> AxisData<'_> {
    let (unit, names): (_, &[String]) = match &axis.unit {
        Unit::Nanos => ("ns", &[]),
        Unit::Share => ("share", &[]),
        Unit::Bytes => ("bytes", &[]),
        Unit::Number => ("number", &[]),
        Unit::PerSecond => ("rate", &[]),
        Unit::Percentile => ("percentile", &[]),
        Unit::Names(names) => ("names", names),
    };
    let (low, high) = axis.range;
    AxisData {
        title: &axis.title,
        unit,
        log: axis.scale == Scale::Log,
        range: (Short(low), Short(high)),
        names,
    }
}

fn series<'a>(series: &'a Series, along: &mut Along) -> SeriesData<'a> {
    let joined = match series.join {
        Join::Line => "line",
        Join::Step => "step",
        Join::Marks => "marks",
        Join::LineAndMarks => "both",
    };
    SeriesData {
        s: series.strategy,
        n: &series.name,
        j: joined,
        a: along.of(&series.points),
        p: series.points.iter().map(point).collect(),
    }
}

fn point(point: &Point) -> PointData {
    let y = Short(point.y);
    let kind = match point.kind {
        PointKind::Seen => 0,
        PointKind::Bound => 1,
        PointKind::Harmed => 2,
        PointKind::Open => 3,
    };
    let around = |range: Option<(f64, f64)>| range.map(|(low, high)| (Short(low), Short(high)));
    match (kind, point.x_range, point.y_range) {
        (0, None, None) => PointData::Bare(y),
        (kind, None, None) => PointData::Meant(y, kind),
        (kind, x_range, y_range) => PointData::Around(y, kind, around(x_range), around(y_range)),
    }
}

fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Circle => "circle",
        Mark::Square => "square",
        Mark::Triangle => "triangle",
        Mark::Diamond => "diamond",
        Mark::Plus => "plus",
    }
}
