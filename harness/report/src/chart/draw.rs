//! Draws a chart with plotters.

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, Drawable, PathElement, PointCollection, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, ShapeStyle, TextStyle};

use super::labels::{Area, beside, stacked, width};
use super::scale::Coordinate;
use super::svg::{Ink, PAGE, SLIDE, Stroke};
use super::{Chart, Join, Point, PointKind, Series};
use crate::Palette;
use crate::palette::Mark;
use crate::words::clip;

const FONT: f64 = 25.0;
const LINE: f64 = 30.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 88.0;

/// From one name at the end of a line to the next.
const NAME_GAP: f64 = LINE - 2.0;

/// From so far on a line leads from a mark to its name.
const TIED: f64 = 40.0;

/// A line that comes down so far from its peak has its name there on a slide.
const FALL: f64 = 90.0;

/// Names beside lines and marks get no longer than this.
const NAME: usize = 28;

/// A chart as drawn: still in the colours that stand for classes, see [`super::paint`].
#[derive(Clone, Debug)]
pub struct Drawing {
    /// What plotters made.
    pub svg: String,
    /// Its width and height.
    pub size: (u32, u32),
    /// Where each point of each series lies.
    pub places: Vec<Vec<(i32, i32)>>,
}

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Context<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Coordinate, Coordinate>>;

/// Draws `chart` for a page.
pub fn draw(chart: &Chart, palette: &Palette) -> Drawing {
    sized(chart, palette, PAGE)
}

/// The same for a slide on which it has a share of the slide's height.
pub fn draw_slide(chart: &Chart, palette: &Palette, height: f64) -> Drawing {
    sized(chart, palette, (SLIDE.0, (f64::from(SLIDE.1) * height) as u32))
}

fn sized(chart: &Chart, palette: &Palette, size: (u32, u32)) -> Drawing {
    let mut svg = String::new();
    let places = {
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let labels = chart.labels(palette);
        let frame = frame(chart, &labels, size);
        let pen = Pen { canvas: &canvas, chart, palette, labels, frame, size };
        pen.grid();
        pen.bands();
        pen.guides();
        pen.frontier();
        let places: Vec<Vec<(i32, i32)>> = chart.series.iter().map(|series| pen.places(series)).collect();
        // What is quiet lies below what is not.
        let quiet = |series: &Series| series.strategy.is_some_and(|index| palette.is_quiet(index));
        for wanted in [true, false] {
            let drawn = chart.series.iter().zip(&places).filter(|(series, _)| quiet(series) == wanted);
            drawn.for_each(|(series, places)| pen.series(series, places));
        }
        pen.names(&places);
        canvas.present().expect("memory can be written");
        places
    };
    Drawing { svg, size, places }
}

/// Where values are drawn.
fn frame(chart: &Chart, labels: &[String], size: (u32, u32)) -> Area {
    let widest =
        |ticks: Vec<f64>| ticks.into_iter().map(|tick| width(&chart.y.show(tick), FONT)).fold(0.0, f64::max);
    let named: Vec<&String> = chart
        .series
        .iter()
        .zip(labels)
        .filter(|(series, label)| at_end(series, label))
        .map(|(_, l)| l)
        .collect();
    // Where names would not fit one below the other, none is written, and they need no room.
    let fits = named.len() as f64 * NAME_GAP <= f64::from(size.1) - BOTTOM - TOP;
    let names =
        named.iter().filter(|_| fits).map(|label| width(&clip(label, NAME), FONT)).fold(0.0, f64::max);
    Area {
        left: widest(chart.y.ticks(Y_TICKS)).max(60.0) + 26.0,
        top: TOP,
        right: f64::from(size.0) - if names > 0.0 { names + 40.0 } else { 40.0 },
        bottom: f64::from(size.1) - BOTTOM,
    }
}

const X_TICKS: usize = 9;
const Y_TICKS: usize = 8;

/// Lines have their names at their right ends, marks beside them.
fn at_end(series: &Series, label: &str) -> bool {
    matches!(series.join, Join::Line | Join::Step) && !series.points.is_empty() && !label.is_empty()
}

struct Pen<'a, 'b> {
    canvas: &'a Canvas<'b>,
    chart: &'a Chart,
    palette: &'a Palette,
    /// What stands beside each series.
    labels: Vec<String>,
    frame: Area,
    size: (u32, u32),
}

impl<'b> Pen<'_, 'b> {
    /// Axes, grid lines and their labels.
    fn grid(&self) {
        let (x, y) = (&self.chart.x, &self.chart.y);
        let y_ticks = match &y.unit {
            super::Unit::Names(names) => names.len(),
            _ => Y_TICKS,
        };
        let coordinate = |axis: &super::Axis, most| Coordinate { axis: axis.clone(), most };
        let mut context: Context<'_> = ChartBuilder::on(self.canvas)
            .margin_top(self.frame.top as i32)
            .margin_right((f64::from(self.size.0) - self.frame.right) as i32)
            .set_label_area_size(plotters::chart::LabelAreaPosition::Left, self.frame.left as i32)
            .set_label_area_size(plotters::chart::LabelAreaPosition::Bottom, BOTTOM as i32)
            .build_cartesian_2d(coordinate(x, x_ticks(x, &self.frame)), coordinate(y, y_ticks))
            .expect("memory can be written");
        let style = |ink: Ink| text(ink, HPos::Left, VPos::Top);
        context
            .configure_mesh()
            .axis_style(line(Ink::Axis))
            .bold_line_style(line(Ink::Grid))
            .light_line_style(plotters::style::TRANSPARENT)
            .x_label_style(style(Ink::Label))
            .y_label_style(style(Ink::Label))
            .draw()
            .expect("memory can be written");
        self.write(&y.title, self.frame.left - 4.0, 22.0, Ink::Title, HPos::Left);
        let bottom = f64::from(self.size.1) - 20.0;
        self.write(&x.title, self.frame.right, bottom, Ink::Title, HPos::Right);
    }

    fn bands(&self) {
        let mut taken: Vec<Area> = Vec::new();
        for band in &self.chart.bands {
            let (from, to) = (self.x(band.from), self.x(band.to));
            let corners =
                [(from as i32, self.frame.top as i32), (to.max(from + 4.0) as i32, self.frame.bottom as i32)];
            self.put(&Rectangle::new(corners, filled(Ink::Band)));
            let name = clip(&band.name, NAME + 6);
            let wide = width(&name, FONT);
            let left = (from + 6.0).min(self.frame.right - wide);
            // Names of faults that follow each other closely stand one below the other.
            let row = (0..4).map(|row| {
                let top = self.frame.top + 4.0 + f64::from(row) * LINE;
                Area { left, top, right: left + wide, bottom: top + LINE }
            });
            if let Some(area) = row.into_iter().find(|area| !taken.iter().any(|other| other.meets(area))) {
                self.write(&name, area.left, area.top + LINE / 2.0, Ink::BandText, HPos::Left);
                taken.push(area);
            }
        }
    }

    fn guides(&self) {
        let mut taken: Vec<Area> = Vec::new();
        for guide in &self.chart.guides {
            let x = self.x(guide.x);
            let ink = guide.strategy.map_or(Ink::Guide, |index| Ink::Strategy(index, Stroke::Guide));
            let text = guide.strategy.map_or(Ink::Guide, |index| Ink::Strategy(index, Stroke::Name));
            self.path(&[(x, self.frame.top), (x, self.frame.bottom)], ink, 2);
            if guide.strategy.is_some_and(|index| self.palette.is_quiet(index)) {
                continue;
            }
            let name = clip(&guide.name, 44);
            let wide = width(&name, FONT);
            let (left, at, side) = match x + 10.0 + wide <= self.frame.right {
                true => (x + 10.0, x + 10.0, HPos::Left),
                false => (x - 10.0 - wide, x - 10.0, HPos::Right),
            };
            let rows = (1..12).map(|row| {
                let bottom = self.frame.bottom - 6.0 - f64::from(row - 1) * LINE;
                Area { left, top: bottom - LINE, right: left + wide, bottom }
            });
            if let Some(area) = rows.into_iter().find(|area| !taken.iter().any(|other| other.meets(area))) {
                self.write(&name, at, area.top + LINE / 2.0, text, side);
                taken.push(area);
            }
        }
    }

    fn frontier(&self) {
        let marks =
            self.chart.frontier().into_iter().flat_map(|index| self.chart.series[index].points.first());
        let places: Vec<(i32, i32)> =
            marks.map(|point| (self.x(point.x).round() as i32, self.y(point.y).round() as i32)).collect();
        self.path(&stairs(&places), Ink::Frontier, 3);
    }

    fn places(&self, series: &Series) -> Vec<(i32, i32)> {
        series.points.iter().map(|point| (self.x(point.x) as i32, self.y(point.y) as i32)).collect()
    }

    fn series(&self, series: &Series, places: &[(i32, i32)]) {
        let ink = |stroke| series.strategy.map_or(Ink::Guide, |index| Ink::Strategy(index, stroke));
        let line: Vec<(f64, f64)> = match series.join {
            Join::Marks => Vec::new(),
            Join::Step => stairs(places),
            Join::Line | Join::LineAndMarks => places.iter().map(|&(x, y)| (x.into(), y.into())).collect(),
        };
        self.path(&line, ink(Stroke::Line), 4);
        if matches!(series.join, Join::Line | Join::Step) && places.len() > 1 {
            // The range of the rounds, where a line in colour has one.
            if series.strategy.is_some_and(|index| !self.palette.is_quiet(index)) {
                series.points.iter().zip(places).for_each(|(point, place)| self.whisker(point, place.0, ink));
            }
            return;
        }
        for (point, place) in series.points.iter().zip(places) {
            self.intervals(point, *place, ink(Stroke::Interval));
            self.mark(point.kind, *place, series.strategy);
        }
    }

    fn whisker(&self, point: &Point, x: i32, ink: impl Fn(Stroke) -> Ink) {
        let Some((low, high)) = point.y_range else { return };
        let (x, low, high) = (f64::from(x), self.y(low), self.y(high));
        self.path(&[(x, low), (x, high)], ink(Stroke::Interval), 2);
        for end in [low, high] {
            self.path(&[(x - 5.0, end), (x + 5.0, end)], ink(Stroke::Interval), 2);
        }
    }

    fn intervals(&self, point: &Point, (x, y): (i32, i32), ink: Ink) {
        let (x, y) = (f64::from(x), f64::from(y));
        if let Some((low, high)) = point.y_range {
            let (low, high) = (self.y(low), self.y(high));
            self.path(&[(x, low), (x, high)], ink, 2);
        }
        if let Some((low, high)) = point.x_range {
            self.path(&[(self.x(low), y), (self.x(high), y)], ink, 2);
        }
    }

    fn mark(&self, kind: PointKind, (x, y): (i32, i32), strategy: Option<usize>) {
        const R: i32 = 10;
        let ink = |stroke| strategy.map_or(Ink::Guide, |index| Ink::Strategy(index, stroke));
        let shape = strategy.map_or(Mark::Circle, |index| self.palette.look(index).mark);
        match kind {
            PointKind::Bound => {
                let corners = [(x - R, y - R + 2), (x + R, y - R + 2), (x, y + R), (x - R, y - R + 2)];
                self.put(&PathElement::new(corners.to_vec(), line(ink(Stroke::Open))));
            }
            PointKind::Open => self.put(&Circle::new((x, y), R - 1, line(ink(Stroke::Open)))),
            PointKind::Seen | PointKind::Harmed => {
                self.put_shape(shape, (x, y), R, filled(ink(Stroke::Mark)))
            }
        }
        if kind == PointKind::Harmed {
            self.put(&Circle::new((x, y), R + 8, line(Ink::Harm)));
        }
    }

    fn put_shape(&self, shape: Mark, (x, y): (i32, i32), r: i32, style: ShapeStyle) {
        let corners: Vec<(i32, i32)> = match shape {
            Mark::Circle => return self.put(&Circle::new((x, y), r - 1, style)),
            Mark::Square => {
                [(-1, -1), (1, -1), (1, 1), (-1, 1)].map(|(a, b)| (x + a * (r - 1), y + b * (r - 1))).to_vec()
            }
            Mark::Triangle => vec![(x, y - r - 1), (x + r + 1, y + r - 2), (x - r - 1, y + r - 2)],
            Mark::Diamond => vec![(x, y - r - 2), (x + r + 2, y), (x, y + r + 2), (x - r - 2, y)],
            Mark::Plus => plus(x, y, r + 1, 4),
        };
        self.put(&Polygon::new(corners, style));
    }

    fn names(&self, places: &[Vec<(i32, i32)>]) {
        let at_peaks = if self.size.0 == SLIDE.0 { self.names_at_peaks(places) } else { Vec::new() };
        self.names_at_ends(places, &at_peaks);
        let marks = || {
            let with_names = self.chart.series.iter().zip(places).zip(&self.labels);
            with_names.filter(|((series, _), label)| !at_end(series, label) && !label.is_empty())
        };
        let mut taken: Vec<Area> = marks()
            .flat_map(|((_, places), _)| places)
            .map(|&(x, y)| around(f64::from(x), f64::from(y), 16.0))
            .collect();
        for ((series, places), label) in marks() {
            let Some(&(x, y)) = places.last() else { continue };
            let name = clip(label, NAME + 12);
            let room = beside(x.into(), y.into(), width(&name, FONT), LINE, &self.frame, &taken);
            if let Some(area) = room {
                let ink = series.strategy.map_or(Ink::Guide, |index| Ink::Strategy(index, Stroke::Name));
                self.write(&name, area.left, area.top + LINE / 2.0, ink, HPos::Left);
                // A name that found no room beside its mark is tied to it.
                let (from, to) = ((x.into(), y.into()), area.nearest((x.into(), y.into())));
                if f64::hypot(to.0 - from.0, to.1 - from.1) > TIED {
                    let thin =
                        series.strategy.map_or(Ink::Guide, |index| Ink::Strategy(index, Stroke::Interval));
                    self.path(&[from, to], thin, 1);
                }
                taken.push(area);
            }
        }
    }

    /// Names beside the peaks that lines come down from again, as far as there is room: the lines that have theirs there.
    fn names_at_peaks(&self, places: &[Vec<(i32, i32)>]) -> Vec<usize> {
        let spans = |places: &Vec<(i32, i32)>| stairs(places).windows(2).map(span).collect::<Vec<Area>>();
        let mut taken: Vec<Area> = places.iter().flat_map(spans).collect();
        // Names of faults stand along the top.
        taken.push(Area { bottom: self.frame.top + LINE, ..self.frame });
        let peak = |places: &[(i32, i32)]| {
            let highest = (0..places.len()).min_by_key(|index| places[*index].1)?;
            let (x, _) = *places.get(highest + 1)?;
            let (y, end) = (f64::from(places[highest].1), f64::from(places.last()?.1));
            (end - y > FALL).then_some((f64::from(x), y))
        };
        let with_names = self.chart.series.iter().zip(places).zip(&self.labels).enumerate();
        let mut peaks: Vec<(usize, (f64, f64))> = with_names
            .filter(|(_, ((series, _), label))| series.join == Join::Step && at_end(series, label))
            .filter_map(|(index, ((_, places), _))| Some((index, peak(places)?)))
            .collect();
        peaks.sort_by(|(_, one), (_, other)| one.1.total_cmp(&other.1));
        let mut named = Vec::new();
        for (index, (x, y)) in peaks {
            let name = clip(&self.labels[index], NAME);
            let Some(area) = beside(x, y, width(&name, FONT), LINE, &self.frame, &taken) else { continue };
            let own = self.chart.series[index].strategy;
            let ink = |stroke| own.map_or(Ink::Guide, |index| Ink::Strategy(index, stroke));
            self.path(&[(x, y), area.nearest((x, y))], ink(Stroke::Interval), 1);
            self.write(&name, area.left, area.top + LINE / 2.0, ink(Stroke::Name), HPos::Left);
            taken.push(area);
            named.push(index);
        }
        named
    }

    /// Names at the right ends of lines that have none yet; left to the legend where they would not fit one below the other.
    fn names_at_ends(&self, places: &[Vec<(i32, i32)>], named: &[usize]) {
        let has_room = self.frame.right + 40.0 < f64::from(self.size.0);
        if !has_room {
            return;
        }
        let with_names = self.chart.series.iter().zip(places).zip(&self.labels).enumerate();
        let lines: Vec<(&Series, (i32, i32), &String)> = with_names
            .filter(|(index, ((series, _), label))| at_end(series, label) && !named.contains(index))
            .filter_map(|(_, ((series, places), label))| Some((series, *places.last()?, label)))
            .collect();
        let wanted: Vec<f64> = lines.iter().map(|(_, (_, y), _)| f64::from(*y)).collect();
        let (top, bottom) = (self.frame.top + 4.0, self.frame.bottom);
        let Some(heights) = stacked(&wanted, NAME_GAP, top, bottom) else { return };
        for ((series, (x, y), label), height) in lines.iter().zip(heights) {
            let ink = |stroke| series.strategy.map_or(Ink::Guide, |index| Ink::Strategy(index, stroke));
            let left = self.frame.right + 26.0;
            self.path(
                &[(f64::from(*x) + 2.0, f64::from(*y)), (left - 5.0, height)],
                ink(Stroke::Interval),
                1,
            );
            self.write(&clip(label, NAME), left, height, ink(Stroke::Name), HPos::Left);
        }
    }

    fn x(&self, value: f64) -> f64 {
        self.frame.left + self.chart.x.place(value) * (self.frame.right - self.frame.left)
    }

    fn y(&self, value: f64) -> f64 {
        self.frame.bottom - self.chart.y.place(value) * (self.frame.bottom - self.frame.top)
    }

    fn path(&self, points: &[(f64, f64)], ink: Ink, wide: u32) {
        if points.len() > 1 {
            let points = points.iter().map(|(x, y)| (x.round() as i32, y.round() as i32));
            self.put(&PathElement::new(corners(points), line(ink).stroke_width(wide)));
        }
    }

    fn write(&self, words: &str, x: f64, y: f64, ink: Ink, align: HPos) {
        let words = words.replace(|letter: char| letter.is_control(), " ");
        self.put(&Text::new(words, (x.round() as i32, y.round() as i32), text(ink, align, VPos::Center)));
    }

    fn put<'e, E>(&self, element: &'e E)
    where
        &'e E: PointCollection<'e, (i32, i32)>,
        E: Drawable<SVGBackend<'b>>,
    {
        self.canvas.draw(element).expect("memory can be written");
    }
}

/// As many names of ticks as fit side by side.
fn x_ticks(axis: &super::Axis, frame: &Area) -> usize {
    (2..=X_TICKS)
        .rev()
        .find(|most| {
            let ticks = axis.ticks(*most);
            let widest = ticks.iter().map(|tick| width(&axis.show(*tick), FONT)).fold(0.0, f64::max);
            let places: Vec<f64> =
                ticks.iter().map(|tick| axis.place(*tick) * (frame.right - frame.left)).collect();
            places.windows(2).all(|pair| pair[1] - pair[0] > widest + 14.0)
        })
        .unwrap_or(2)
}

/// A path without the points at which it goes straight on: it looks the same.
pub(super) fn corners(points: impl Iterator<Item = (i32, i32)>) -> Vec<(i32, i32)> {
    let mut corners: Vec<(i32, i32)> = Vec::new();
    for next in points {
        if let [.., from, by] = corners[..]
            && goes_straight_on(from, by, next)
        {
            corners.pop();
        }
        corners.push(next);
    }
    corners
}

fn goes_straight_on(from: (i32, i32), by: (i32, i32), to: (i32, i32)) -> bool {
    let step = |one: (i32, i32), other: (i32, i32)| {
        (i64::from(other.0) - i64::from(one.0), i64::from(other.1) - i64::from(one.1))
    };
    let (first, second) = (step(from, by), step(by, to));
    let is_same_line = first.0 * second.1 == first.1 * second.0;
    is_same_line && first.0 * second.0 + first.1 * second.1 >= 0
}

fn stairs(places: &[(i32, i32)]) -> Vec<(f64, f64)> {
    let mut stairs: Vec<(f64, f64)> = Vec::new();
    for &(x, y) in places {
        if let Some(&(_, before)) = stairs.last() {
            stairs.push((x.into(), before));
        }
        stairs.push((x.into(), y.into()));
    }
    stairs
}

fn plus(x: i32, y: i32, r: i32, thick: i32) -> Vec<(i32, i32)> {
    let half = thick - 1;
    [
        (-half, -r),
        (half, -r),
        (half, -half),
        (r, -half),
        (r, half),
        (half, half),
        (half, r),
        (-half, r),
        (-half, half),
        (-r, half),
        (-r, -half),
        (-half, -half),
    ]
    .map(|(a, b)| (x + a, y + b))
    .to_vec()
}

/// The rectangle around a piece of a line.
fn span(ends: &[(f64, f64)]) -> Area {
    let ((x, y), (far, low)) = (ends[0], ends[ends.len() - 1]);
    Area { left: x.min(far) - 2.0, top: y.min(low) - 2.0, right: x.max(far) + 2.0, bottom: y.max(low) + 2.0 }
}

fn around(x: f64, y: f64, r: f64) -> Area {
    Area { left: x - r, top: y - r, right: x + r, bottom: y + r }
}

fn line(ink: Ink) -> ShapeStyle {
    ink.colour().stroke_width(1)
}

fn filled(ink: Ink) -> ShapeStyle {
    ink.colour().filled()
}

fn text(ink: Ink, h_pos: HPos, v_pos: VPos) -> TextStyle<'static> {
    let color = ink.colour().to_backend_color();
    TextStyle { font: ("sans-serif", FONT).into_font(), color, pos: Pos::new(h_pos, v_pos) }
}
