use super::*;
use crate::Palette;

fn chart() -> Chart {
    let points = |scale: f64| {
        (1..=200)
            .map(|i| Point { x: f64::from(i) * 1e9, y: f64::from(i % 17) * scale, ..Point::default() })
            .collect()
    };
    let series = |strategy, name: &str, scale| Series {
        strategy: Some(strategy),
        name: name.into(),
        join: Join::Line,
        points: points(scale),
    };
    let all = [series(0, "bloom", 2.0), series(1, "<script>alert(1)</script>", 2.1)];
    Chart {
        id: "c".into(),
        title: "t".into(),
        x: Axis::linear("time", Unit::Nanos, [0.0, 2e11].into_iter()),
        y: Axis::linear("missed", Unit::Number, [0.0, 40.0].into_iter()),
        series: all.into_iter().collect(),
        bands: vec![Band { from: 5e10, to: 7e10, name: "store-killed".into() }],
        guides: vec![Guide { x: 1e11, name: "window".into(), strategy: None }],
        contest: Vec::new(),
    }
}

fn palette() -> Palette {
    Palette::of(["bloom", "<script>alert(1)</script>"].into_iter())
}

#[test]
fn every_colour_becomes_a_class_and_every_point_has_a_place_inside_the_drawing() {
    let drawing = draw(&chart(), &palette());
    let svg = paint(&drawing, "a \"label\"", Paint::Classes);
    assert!(!svg.contains("=\"#"), "{svg}");
    assert!(svg.contains("class=\"l s0\"") && svg.contains("class=\"l s1\"") && svg.contains("class=\"b\""));
    assert!(svg.contains("aria-label=\"a &quot;label&quot;\""));
    let inside = |&(x, y): &(i32, i32)| (0..1440).contains(&x) && (0..780).contains(&y);
    assert_eq!(drawing.places.iter().map(Vec::len).collect::<Vec<_>>(), [200, 200]);
    assert!(drawing.places.iter().flatten().all(inside));
}

#[test]
fn series_that_lie_on_each_other_are_named_together() {
    let mut chart = chart();
    assert_eq!(chart.identical(), Vec::<Vec<String>>::new());
    let twin = Series { name: "twin".into(), ..chart.series[0].clone() };
    let names = vec![chart.series[0].name.clone(), twin.name.clone()];
    chart.series.push(twin);
    assert_eq!(chart.identical(), [names]);
}

#[test]
fn a_hostile_name_is_text_in_a_picture() {
    let provenance = ["</desc><script>".to_string()];
    let alone = Paint::Alone { palette: &palette(), provenance: &provenance };
    let svg = paint(&draw(&chart(), &palette()), "<script>", alone);
    assert!(!svg.contains("<script"), "{svg}");
    assert!(svg.contains("xmlns="));
}

#[test]
fn a_picture_that_stands_alone_says_where_it_comes_from_in_it_and_below_it() {
    let provenance =
        ["a word and ".repeat(30).trim_end().to_string(), "dedup-harness report sample".to_string()];
    let drawing = draw(&chart(), &palette());
    let svg = paint(&drawing, "The title", Paint::Alone { palette: &palette(), provenance: &provenance });
    assert!(svg.contains(&format!("<desc>{}\n{}</desc>", provenance[0], provenance[1])), "{svg}");
    let below: Vec<&str> = svg.split("font-size=\"20\">").skip(1).collect();
    assert!(below[0].starts_with("The title<") && below.len() >= 4, "{below:?}");
    assert!(below.last().unwrap().starts_with("dedup-harness report sample<"));
    assert!(!svg.contains("viewBox=\"0 0 1440 780\"") && svg.ends_with("</svg>"));
}

#[test]
fn thinning_keeps_ends_and_extremes() {
    let mut series = chart().series.remove(0);
    series.points[77].y = 1_000.0;
    let thin = series.clone().thinned(60);
    assert!(thin.points.len() <= 62, "{}", thin.points.len());
    assert!(thin.points.contains(&series.points[77]));
    assert_eq!((thin.points.first(), thin.points.last()), (series.points.first(), series.points.last()));
    assert!(thin.points.windows(2).all(|pair| pair[0].x <= pair[1].x));
}

#[test]
fn ticks_are_numbers_that_people_name() {
    let show = |axis: &Axis| axis.ticks(8).iter().map(|tick| axis.show(*tick)).collect::<Vec<_>>();
    let lag = Axis::log("", Unit::Nanos, [1e7, 7.2e12].into_iter());
    assert_eq!(show(&lag), ["10 ms", "100 ms", "1 s", "10 s", "1 min", "10 min", "1 h"]);
    let share = Axis::log("", Unit::Share, [0.0001, 0.3].into_iter());
    assert_eq!(show(&share), ["0.01 %", "0.1 %", "1 %", "10 %"]);
    let percentiles =
        Axis { title: String::new(), scale: Scale::Log, unit: Unit::Percentile, range: (1.0, 1e5) };
    assert_eq!(show(&percentiles), ["0", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"]);
    let hours = Axis::linear("", Unit::Nanos, [0.0, 8.64e13].into_iter());
    assert_eq!(show(&hours)[..3], ["0", "4 h", "8 h"]);
}

#[test]
fn an_axis_takes_values_that_are_no_numbers() {
    for values in [vec![], vec![f64::NAN], vec![0.0], vec![f64::INFINITY, 1.0], vec![-1.0]] {
        for axis in [
            Axis::linear("", Unit::Number, values.clone().into_iter()),
            Axis::log("", Unit::Share, values.into_iter()),
        ] {
            assert!((0.0..=1.0).contains(&axis.place(f64::NAN)), "{axis:?}");
            assert!((0.0..=1.0).contains(&axis.place(0.5)), "{axis:?}");
            assert!(axis.ticks(8).len() < 300);
        }
    }
}

#[test]
fn the_first_of_those_that_lie_on_each_other_says_so_for_all() {
    let mut chart = chart();
    let palette = palette();
    assert_eq!(chart.labels(&palette), ["bloom", "<script>alert(1)</script>"]);
    for name in ["twin", "third"] {
        chart.series.insert(1, Series { name: name.into(), ..chart.series[0].clone() });
        let like = if name == "twin" { "bloom = twin" } else { "bloom = 2 others" };
        assert_eq!(chart.labels(&palette)[..2], [like, ""]);
    }
    let quiet = palette.with_loud(&[0].into());
    assert!(quiet.is_quiet(1) != quiet.is_quiet(0));
}

#[test]
fn the_frontier_is_of_those_that_none_is_better_than_in_both() {
    let mark = |x: f64, y: f64| Series {
        join: Join::Marks,
        points: vec![Point { x, y, ..Point::default() }],
        ..chart().series[0].clone()
    };
    let series = vec![mark(3.0, 1.0), mark(1.0, 5.0), mark(2.0, 7.0), mark(2.0, 3.0), mark(0.5, 0.5)];
    let chart = Chart { series, contest: vec![0, 1, 2, 3], ..chart() };
    assert_eq!(chart.frontier(), [1, 3, 0], "the last is not in the contest");
}

#[test]
fn on_a_slide_a_line_that_comes_down_again_has_its_name_at_its_peak() {
    let peaking = |at: usize, height: f64| {
        let y = |index: usize| if index == at { height } else { 0.0 };
        (0..60).map(|index| Point { x: index as f64 * 3e9, y: y(index), ..Point::default() }).collect()
    };
    let mut chart = chart();
    for (series, (at, height)) in chart.series.iter_mut().zip([(20, 34.0), (20, 20.0)]) {
        (series.join, series.points) = (Join::Step, peaking(at, height));
    }
    let place = |svg: &str, name: &str| -> (f64, f64) {
        let before = &svg[..svg.find(&format!("{name}\n")).unwrap()];
        let tag = &before[before.rfind("<text").unwrap()..];
        let number = |key: &str| {
            let from = tag.find(&format!(" {key}=\"")).unwrap() + key.len() + 3;
            tag[from..].split('"').next().unwrap().parse().unwrap()
        };
        (number("x"), number("y"))
    };
    let slide = draw_slide(&chart, &palette(), 0.7);
    let (x, y) = place(&slide.svg, "bloom");
    let peak = slide.places[0][20];
    assert!(
        (x - f64::from(peak.0)).abs() < 120.0 && (y - f64::from(peak.1)).abs() < 80.0,
        "{x} {y} {peak:?}"
    );
    let page = draw(&chart, &palette());
    assert!(place(&page.svg, "bloom").0 > f64::from(page.places[0][59].0));
}

#[test]
fn a_path_keeps_its_corners_and_only_these() {
    let path = [(0, 5), (1, 5), (4, 5), (4, 5), (6, 7), (8, 9), (6, 7), (6, 7), (6, 2)];
    assert_eq!(draw::corners(path.into_iter()), [(0, 5), (4, 5), (8, 9), (6, 7), (6, 2)]);
    assert_eq!(draw::corners([(3, 3), (3, 3)].into_iter()), [(3, 3), (3, 3)]);
}
