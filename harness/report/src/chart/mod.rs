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
    /// A line without a strategy: a frontier.
    pub frontier: Vec<(f64, f64)>,
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

    /// Whether it has a point to draw.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.is_empty())
    }
}
