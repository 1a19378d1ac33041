//! One model for every chart, drawn once as SVG: lines, points with intervals, shaded stretches, guides.

mod draw;
mod labels;
mod scale;
mod svg;

#[cfg(test)]
mod tests;

pub use draw::{Drawing, draw, draw_slide};
pub use scale::{Axis, Scale, Unit};
pub use svg::{Paint, paint, style_of_page};

use crate::palette::Palette;

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Its name in links and files.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// What is drawn.
    pub series: Vec<Series>,
    /// Shaded stretches of x.
    pub bands: Vec<Band>,
    /// Vertical guides.
    pub guides: Vec<Guide>,
    /// Which of the series stand for a place on the frontier: marks of which further down and to the left is better.
    pub contest: Vec<usize>,
}

/// The points of one strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its index in the palette; none for what belongs to no strategy.
    pub strategy: Option<usize>,
    /// What it is called.
    pub name: String,
    /// How its points are connected.
    pub join: Join,
    /// Its points, by x.
    pub points: Vec<Point>,
}

/// How points are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// By straight lines, without marks.
    Line,
    /// By steps that hold a value until the next point.
    Step,
    /// Not at all: marks.
    Marks,
    /// By straight lines, with marks.
    LineAndMarks,
}

/// A point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Its place.
    pub x: f64,
    /// Its place.
    pub y: f64,
    /// The interval around x.
    pub x_range: Option<(f64, f64)>,
    /// The interval around y.
    pub y_range: Option<(f64, f64)>,
    /// What it stands for.
    pub kind: PointKind,
}

/// What a point stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointKind {
    /// What was seen.
    #[default]
    Seen,
    /// None was seen: the upper bound, an open mark that points down.
    Bound,
    /// What was seen, beside a harm: ringed.
    Harmed,
    /// What was seen, of the other of two sets: an open mark.
    Open,
}

/// A shaded stretch.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// From, on x.
    pub from: f64,
    /// To, on x; the same as `from` for what is over at once.
    pub to: f64,
    /// What it is.
    pub name: String,
}

/// A vertical line with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Guide {
    /// Where, on x.
    pub x: f64,
    /// What it is.
    pub name: String,
    /// The strategy that it belongs to.
    pub strategy: Option<usize>,
}

impl Series {
    /// Points that a line needs no more of than the eye can see: the largest and the smallest of each stretch stay.
    pub(super) fn thinned(mut self, most: usize) -> Series {
        if self.points.len() <= most {
            return self;
        }
        let stretch = self.points.len().div_ceil(most / 2);
        let last = *self.points.last().expect("there are points");
        let mut kept = vec![self.points[0]];
        for points in self.points.chunks(stretch) {
            let by_y = |one: &&Point, other: &&Point| one.y.total_cmp(&other.y);
            let (low, high) = (points.iter().min_by(by_y), points.iter().max_by(by_y));
            let mut pair: Vec<Point> = low.into_iter().chain(high).copied().collect();
            pair.sort_by(|one, other| one.x.total_cmp(&other.x));
            kept.extend(pair);
        }
        kept.push(last);
        kept.dedup();
        self.points = kept;
        self
    }
}

impl Chart {
    /// The names of series that lie on each other, each group in the order of the series.
    pub(super) fn identical(&self) -> Vec<Vec<String>> {
        let mut groups: Vec<(&Series, Vec<String>)> = Vec::new();
        let named = self.series.iter().filter(|series| !series.name.is_empty() && !series.points.is_empty());
        for series in named {
            match groups.iter_mut().find(|(first, _)| first.points == series.points) {
                Some((_, names)) => names.push(series.name.clone()),
                None => groups.push((series, vec![series.name.clone()])),
            }
        }
        groups.into_iter().map(|(_, names)| names).filter(|names| names.len() > 1).collect()
    }

    /// Those of the contest of which no other is better in both, from left to right.
    pub(super) fn frontier(&self) -> Vec<usize> {
        let place = |index: &usize| self.series[*index].points.first().map(|point| (point.x, point.y));
        let mut marks: Vec<(usize, (f64, f64))> =
            self.contest.iter().filter_map(|index| Some((*index, place(index)?))).collect();
        marks.sort_by(|(_, one), (_, other)| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
        let mut steps: Vec<(usize, f64)> = Vec::new();
        for (index, (_, y)) in marks {
            if steps.last().is_none_or(|(_, best)| y < *best) {
                steps.push((index, y));
            }
        }
        steps.into_iter().map(|(index, _)| index).collect()
    }

    /// What stands beside each series: its name; of those in colour that lie on each other, the first says so for all. Quiet
    /// ones have none.
    pub(super) fn labels(&self, palette: &Palette) -> Vec<String> {
        let loud = |series: &Series| !series.strategy.is_some_and(|index| palette.is_quiet(index));
        let named = |series: &&Series| loud(series) && !series.name.is_empty() && !series.points.is_empty();
        let label = |(index, series): (usize, &Series)| {
            let twin = |other: &&Series| other.points == series.points;
            if !named(&series) || self.series[..index].iter().filter(named).any(|other| twin(&other)) {
                return String::new();
            }
            let twins: Vec<&Series> = self.series[index + 1..].iter().filter(named).filter(twin).collect();
            match twins.as_slice() {
                [] => series.name.clone(),
                [twin] => format!("{} = {}", series.name, twin.name),
                several => format!("{} = {} others", series.name, several.len()),
            }
        };
        self.series.iter().enumerate().map(label).collect()
    }

    /// Whether it has a point to draw.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.is_empty())
    }
}
