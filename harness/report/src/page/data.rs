//! What the script of a page needs: where each point lies and what it says.

use serde::Serialize;

use crate::chart::{Axis, Drawing, PointKind, Unit, draw};
use crate::model::{Figure, Report};

/// A chart as drawn.
pub(crate) struct Plotted {
    pub(crate) id: String,
    pub(crate) drawing: Drawing,
}

/// Draws every chart of a report.
pub(super) fn plot(report: &Report) -> Vec<Plotted> {
    let figures: Vec<&Figure> = report.sections.iter().flat_map(|section| &section.figures).collect();
    let charts = figures.into_iter().flat_map(|figure| &figure.charts);
    charts.map(|(chart, _)| Plotted { id: chart.id.clone(), drawing: draw(chart, &report.palette) }).collect()
}

#[derive(Serialize)]
struct Data<'a> {
    charts: std::collections::BTreeMap<&'a str, ChartData<'a>>,
}

#[derive(Serialize)]
struct ChartData<'a> {
    x: (&'a str, &'static str),
    y: (&'a str, &'static str),
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<&'a str>,
    series: Vec<SeriesData<'a>>,
}

#[derive(Serialize)]
struct SeriesData<'a> {
    s: Option<usize>,
    n: &'a str,
    /// Left, top, x, y, and 1 where y (or x) is the bound of none seen.
    p: Vec<(i32, i32, Short, Short, u8)>,
}

/// A number with the digits that a tooltip shows.
struct Short(f64);

impl Serialize for Short {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            whole if whole.fract() == 0.0 && whole.abs() < 1e15 => serializer.serialize_i64(whole as i64),
            number => serializer.serialize_f64(format!("{number:.4e}").parse().unwrap_or(number)),
        }
    }
}

/// As JSON that may stand in a script element.
pub(super) fn json(report: &Report, plotted: &[Plotted]) -> String {
    let figures = report.sections.iter().flat_map(|section| &section.figures);
    let charts = figures.flat_map(|figure| &figure.charts).zip(plotted).map(|((chart, _), plotted)| {
        let series = chart.series.iter().zip(&plotted.drawing.places).map(|(series, places)| SeriesData {
            s: series.strategy,
            n: &series.name,
            p: series
                .points
                .iter()
                .zip(places)
                .map(|(point, (x, y))| {
                    (*x, *y, Short(point.x), Short(point.y), u8::from(point.kind == PointKind::Bound))
                })
                .collect(),
        });
        let names = match (&chart.x.unit, &chart.y.unit) {
            (Unit::Names(names), _) | (_, Unit::Names(names)) => names.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        let data = ChartData { x: axis(&chart.x), y: axis(&chart.y), names, series: series.collect() };
        (chart.id.as_str(), data)
    });
    let text = serde_json::to_string(&Data { charts: charts.collect() }).expect("plain data");
    // Neither an end tag nor a comment can begin within it.
    text.replace('<', "\\u003c")
}

fn axis(axis: &Axis) -> (&str, &'static str) {
    let unit = match axis.unit {
        Unit::Nanos => "ns",
        Unit::Share => "share",
        Unit::Bytes => "bytes",
        Unit::Number => "number",
        Unit::PerSecond => "rate",
        Unit::Percentile => "percentile",
        Unit::Names(_) => "names",
    };
    (&axis.title, unit)
}
