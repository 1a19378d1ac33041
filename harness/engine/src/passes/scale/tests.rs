//! What is counted, with strategies that do as they should and with some that do not. How fast they are is nobody's business.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use dedup_strategies::{
    Context, Definition, Footprint, Ping, PingKey, Promise, Routing, STRATEGIES, Strategy, Timestamp,
    Unavailable, Verdict, Window, Worker,
};
use dedup_stream::scenario::Scenario;
use dedup_stream::workload::Workload;

use super::*;
use crate::environment::{Environment, named};
use crate::passes::Pipelines;
use crate::passes::liar::liar;

const SCENARIO: &str = r#"
about = "A window, a batch and a payload."
pings = 1_000
window = "10m"
payload = "100B"

[arrival]
process = "constant"
rate = 20.0
"#;

/// Remembers so many ids, whatever comes.
#[derive(Clone)]
struct Remembers(usize, Arc<Mutex<(VecDeque<PingKey>, HashSet<PingKey>)>>);

const FORGETS_NOTHING: Definition =
    liar("forgets-nothing", &|_, _| Ok(Box::new(Remembers(usize::MAX, Arc::default()))));
const HOLDS_A_HUNDRED: Definition =
    liar("holds-a-hundred", &|_, _| Ok(Box::new(Remembers(100, Arc::default()))));
const REFUSES: Definition = liar("refuses", &|_, context: &Context| match context.sizing.ids_in_window {
    ids if ids > 1_000 => Err(dedup_strategies::BuildError::Server("too many for it".into())),
    _ => Ok(Box::new(Remembers(usize::MAX, Arc::default()))),
});

impl Strategy for Remembers {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(self.clone()))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise::remembering(Window::Forever)
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.1.lock().unwrap().1.len() as u64, bytes: 0 }
    }
}

impl Worker for Remembers {
    fn judge(
        &mut self,
        pings: &[Ping],
        _: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let (order, seen) = &mut *self.1.lock().unwrap();
        for ping in pings {
            let is_new = seen.insert(ping.key);
            verdicts.push(if is_new { Verdict::New } else { Verdict::Duplicate });
            order.extend(is_new.then_some(ping.key));
            if order.len() > self.0 {
                order.pop_front().map(|oldest| seen.remove(&oldest));
            }
        }
        Ok(())
    }
}

fn figures(definition: Definition, given: &[(&str, &str)], options: &ScaleOptions) -> ScaleFigures {
    let scenario = Scenario::from_toml("small", SCENARIO).unwrap();
    let workload = Workload::Scenario(Box::new(scenario));
    let directory = tempfile::tempdir().unwrap();
    let given: Vec<_> = given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let sizing = workload.sizing();
    let settings = definition.resolve(&given, &sizing).unwrap();
    let mut environment = Environment::new(definition, settings, 7, sizing, directory.path().into());
    let pipelines = Pipelines::ONE;
    let bench =
        Bench { environment: &mut environment, workload: &workload, progress: &mut |_| {}, pipelines };
    run(bench, &given, options).unwrap()
}

fn up_to(most_ids: u64) -> ScaleOptions {
    ScaleOptions { fewest_ids: 256, most_ids, seconds: 1e6, memory_bytes: None }
}

fn ids(figures: &ScaleFigures) -> Vec<u64> {
    figures.points.iter().map(|point| point.ids_count).collect()
}

/// What does not depend on how fast the machine is.
fn counted(figures: &ScaleFigures) -> Vec<[u64; 7]> {
    let counts = |point: &ScalePoint| {
        let (ids, copies, recognised) = (point.ids_count, point.copies_count, point.recognised_count);
        let (filling, steady) = (point.filling_pings_count, point.steady_pings_count);
        [ids, filling, steady, copies, recognised, point.lost_count, point.peak_ids_count]
    };
    figures.points.iter().map(counts).collect()
}

fn exact() -> Definition {
    *named(STRATEGIES, "exact").unwrap()
}

#[test]
fn an_exact_strategy_holds_just_the_ids_of_a_window_and_recognises_every_copy() {
    let figures = figures(exact(), &[], &up_to(2_000));
    assert_eq!((ids(&figures), figures.not_reached.as_ref()), (vec![256, 1_024, 2_000], None));
    for point in &figures.points {
        assert_eq!(point.filling_pings_count, point.ids_count);
        assert_eq!(point.steady_batch_ns.count, point.steady_pings_count.div_ceil(64));
        // The batches took what all of them took: their histogram is exact to three digits.
        assert!(
            point.steady_batch_ns.max as f64 * 1.001
                >= point.steady_ns as f64 / point.steady_batch_ns.count as f64
        );
        assert_eq!(point.copies_count, point.steady_pings_count / 16);
        assert_eq!((point.recognised_count, point.lost_count), (point.copies_count, 0));
        let held = point.peak_ids_count as f64 / point.ids_count as f64;
        assert!((0.99..1.3).contains(&held), "{point:?}");
        assert_eq!(point.steady_round_trips_count, None);
    }
}

#[test]
fn the_same_seed_gives_the_same_counts() {
    let once = || counted(&figures(exact(), &[], &up_to(1_024)));
    assert_eq!(once(), once());
}

#[test]
fn who_does_not_forget_holds_more_and_more_and_is_seen_to() {
    let figures = figures(FORGETS_NOTHING, &[], &up_to(1_024));
    for point in &figures.points {
        let distinct = point.filling_pings_count + point.steady_pings_count - point.copies_count;
        assert_eq!(point.peak_ids_count, distinct, "{point:?}");
        assert!(point.peak_ids_count > 50 * point.ids_count);
    }
}

#[test]
fn who_holds_fewer_ids_than_there_are_is_seen_not_to_recognise_their_copies() {
    let figures = figures(HOLDS_A_HUNDRED, &[], &up_to(4_096));
    let recognised = |point: &ScalePoint| point.recognised_count as f64 / point.copies_count as f64;
    let [few, .., many] = &figures.points[..] else { panic!("{figures:?}") };
    assert!(recognised(few) > 0.5 && recognised(many) < 0.1, "{figures:?}");
    assert_eq!(many.peak_ids_count, 100);
}

#[test]
fn settings_follow_the_ids_but_for_those_that_were_asked_for() {
    let lru = *named(STRATEGIES, "lru").unwrap();
    let capacity = |figures: ScaleFigures| -> Vec<String> {
        figures.points.iter().map(|point| point.settings["capacity"].clone()).collect()
    };
    let own = capacity(figures(lru, &[], &up_to(1_024)));
    assert!(own[0].parse::<u64>().unwrap() < 1_024 && own[1].parse::<u64>().unwrap() > 1_024, "{own:?}");
    assert_eq!(capacity(figures(lru, &[("capacity", "500")], &up_to(1_024))), ["500", "500"]);
}

#[test]
fn a_budget_that_is_too_small_gives_fewer_points_and_says_so() {
    let instant = ScaleOptions { seconds: 1e-9, ..up_to(1_024) };
    let figures_now = figures(exact(), &[], &instant);
    assert_eq!(ids(&figures_now), [0; 0]);
    let missing = figures_now.not_reached.unwrap();
    assert!(missing.ids_count == 256 && missing.because.contains("(--budget)"), "{missing:?}");
    // What is planned is known before anything is built.
    let bloom = *named(STRATEGIES, "bloom").unwrap();
    let small = ScaleOptions { memory_bytes: Some(1 << 20), ..up_to(1 << 28) };
    let figures = figures(bloom, &[], &small);
    let missing = figures.not_reached.as_ref().unwrap();
    assert!(missing.because.contains("of the 1 MiB that they may (--budget)"), "{missing:?}");
    assert_eq!(figures.points.last().map(|point| 4 * point.ids_count), Some(missing.ids_count));
}

#[test]
fn what_was_measured_before_a_strategy_gives_up_stands() {
    let figures = figures(REFUSES, &[], &up_to(4_096));
    assert_eq!(ids(&figures), [256]);
    let missing = figures.not_reached.unwrap();
    assert_eq!((missing.ids_count, missing.because.as_str()), (1_024, "too many for it"));
}
