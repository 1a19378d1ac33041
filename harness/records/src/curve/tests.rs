use super::*;
use crate::record::Latency;
use crate::record::sample;
use crate::stats::recorder;

fn point(ids: u64, steady_ns_per_ping: u64, bytes_per_id: Option<u64>) -> ScalePoint {
    let mut batches = recorder();
    batches.record_n(100 * steady_ns_per_ping, 98).unwrap();
    batches.record_n(300 * steady_ns_per_ping, 2).unwrap();
    ScalePoint {
        ids_count: ids,
        settings: BTreeMap::from([("capacity".into(), ids.to_string())]),
        filling_pings_count: ids,
        filling_ns: 2 * ids * steady_ns_per_ping,
        steady_pings_count: ids,
        steady_ns: ids * steady_ns_per_ping,
        steady_batch_ns: Latency::from_histogram(&batches),
        steady_round_trips_count: None,
        copies_count: 10,
        recognised_count: 9,
        lost_count: 0,
        held_bytes: bytes_per_id.map(|bytes| bytes * ids),
        peak_ids_count: bytes_per_id.map_or(0, |_| ids),
        live_bytes: 7,
        server_used_bytes: None,
    }
}

fn run(rounds: Vec<ScaleFigures>) -> Run {
    let mut run = sample::run();
    let cell = run.cells[0].clone();
    let cells = (0..).zip(rounds).map(|(round, figures)| CellRecord {
        round,
        result: CellResult::Scale(Box::new(figures)),
        ..cell.clone()
    });
    run.cells.extend(cells);
    run
}

fn curve(points: Vec<ScalePoint>) -> Curve {
    let mut curves = Curve::of_run(&run(vec![ScaleFigures { points, not_reached: None }])).unwrap();
    assert_eq!(curves.len(), 1, "other passes make no curve");
    curves.remove(0)
}

fn known(value: f64, origin: Origin) -> Option<Known> {
    Some(Known { value, origin })
}

#[test]
fn a_curve_is_straight_in_the_logarithm_between_points_and_says_so_beyond_them() {
    let curve = curve(vec![point(1 << 14, 10, Some(40)), point(1 << 16, 20, Some(30))]);
    assert_eq!(curve.at(Figure::Steady, 1 << 14), known(10.0, Origin::Measured));
    assert_eq!(curve.at(Figure::Steady, 1 << 15), known(15.0, Origin::Measured));
    assert_eq!(curve.at(Figure::BytesPerId, 1 << 15), known(35.0, Origin::Measured));
    assert_eq!(curve.at(Figure::Filling, 1 << 16), known(40.0, Origin::Measured));
    assert_eq!(curve.at(Figure::Steady, 1 << 18), known(30.0, Origin::Outside));
    assert_eq!(curve.at(Figure::BytesPerId, 1 << 18), known(30.0, Origin::Outside));
    assert_eq!(curve.at(Figure::Steady, 1), known(10.0, Origin::Outside));
    assert_eq!(curve.at(Figure::RoundTrips, 1 << 15), None);
    assert_eq!(curve.measured(), Some((1 << 14, 1 << 16)));
    let p99 = curve.at(Figure::SteadyP99, 1 << 14).unwrap().value;
    assert!((p99 / 3_000.0 - 1.0).abs() < 1e-3, "{p99}");
}

#[test]
fn a_time_never_falls_beyond_what_was_measured_and_one_point_says_the_same_everywhere() {
    let falling = curve(vec![point(1 << 14, 20, None), point(1 << 16, 10, None)]);
    assert_eq!(falling.at(Figure::Steady, 1 << 20), known(10.0, Origin::Outside));
    assert_eq!(falling.at(Figure::BytesPerId, 1 << 14), None);
    let lone = curve(vec![point(1 << 14, 20, None)]);
    assert_eq!(lone.at(Figure::Steady, 1 << 20), known(20.0, Origin::Outside));
    assert_eq!(curve(Vec::new()).at(Figure::Steady, 1), None);
}

#[test]
fn what_rests_on_two_figures_is_as_sure_as_the_less_sure_one() {
    assert_eq!(Origin::Measured.and(Origin::Modelled), Origin::Modelled);
    assert_eq!(Origin::Outside.and(Origin::Modelled), Origin::Outside);
}

#[test]
fn rounds_are_put_together_and_what_none_of_them_reached_is_said() {
    let stopped = |ids| Some(NotReached { ids_count: ids, because: "time".into() });
    let short = ScaleFigures { points: vec![point(16, 10, Some(8))], not_reached: stopped(64) };
    let long = ScaleFigures {
        points: vec![point(16, 30, Some(10)), point(64, 50, None)],
        not_reached: stopped(256),
    };
    let both = &Curve::of_run(&run(vec![short.clone(), long.clone()])).unwrap()[0];
    assert_eq!(both.points.iter().map(|point| point.ids_count).collect::<Vec<_>>(), [16, 64]);
    assert_eq!((both.points[0].steady_ns, both.points[0].bytes_per_id), (20.0, Some(9.0)));
    assert_eq!(both.points[0].recognised_ratio, Some(0.9));
    assert_eq!(both.not_reached, stopped(256));
    let whole = ScaleFigures { not_reached: None, ..long };
    assert_eq!(Curve::of_run(&run(vec![short, whole])).unwrap()[0].not_reached, None);
}
