//! Deadlines that nobody extends: what comes again beside what a worker still has.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use dedup_strategies::{PingKey, Verdict};
use dedup_stream::scenario::{Deadlines, PipelineConfig};
use dedup_stream::stream::Event;
use proptest::prelude::*;

use super::recount::{some_fault, some_mark};
use super::stand_ins::{Mark, Said};
use super::{LATENCY, START, config, crash, events, key, run_in};
use crate::pipeline::broker::MAX_ATTEMPTS;

const DEADLINE: Duration = Duration::from_secs(20);

/// Every ping a batch of its own, so that its ack is as late as its publish takes.
fn slow(publish_latency: Duration) -> PipelineConfig {
    let batch = NonZeroUsize::MIN;
    PipelineConfig { batch, publish_latency, deadlines: Deadlines::Fixed, ..config(Duration::ZERO) }
}

/// A hundred pings, one every second, that the stream never repeats.
fn once() -> Vec<Event> {
    events(&(0..100u8).map(|n| (n, 9)).collect::<Vec<_>>())
}

fn deliveries(said: &[Said]) -> u64 {
    said.iter().filter(|said| matches!(said, Said::Judged { .. })).count() as u64
}

#[test]
fn an_ack_in_time_is_heard_and_one_a_nanosecond_later_is_not() {
    for (late, deliveries_a_ping) in [(Duration::ZERO, 1), (Duration::from_nanos(1), 2)] {
        let (ended, said) = run_in(&slow(DEADLINE + late), Mark::Claim, &[], once());
        let counts = ended.truth.counts();
        assert_eq!(deliveries(&said), 100 * deliveries_a_ping);
        // The copy comes while the first is being published: a duplicate, which a claim drops.
        assert_eq!((counts.missed, counts.lost, counts.delivered), (0, 0, 100));
        assert_eq!(
            (counts.redelivered, ended.truth.duplicates()),
            (deliveries(&said) - 100, counts.redelivered)
        );
        assert_eq!((counts.in_window, counts.missed_in_window), (counts.redelivered, 0));
        let causes = ended.truth.by_cause(&["first".into(), "repeat".into()]);
        assert!(causes.iter().all(|cause| cause.cause == "redelivery"), "{causes:?}");
    }
}

#[test]
fn who_never_recognises_a_copy_in_time_gets_each_ping_ten_times_however_slow_the_sink_is() {
    for latency in [DEADLINE + Duration::from_secs(1), Duration::from_secs(36_500 * 86_400)] {
        // Marked when it was delivered: the copies come before.
        let (ended, said) = run_in(&slow(latency), Mark::AfterDelivery, &[], once());
        let counts = ended.truth.counts();
        let (most, before_the_mark) = (u64::from(MAX_ATTEMPTS), if latency < 2 * DEADLINE { 2 } else { 10 });
        assert!(deliveries(&said) <= 100 * most, "{}", deliveries(&said));
        assert_eq!(deliveries(&said) - 100, counts.redelivered);
        assert_eq!((counts.delivered, counts.missed), (100, 100 * (before_the_mark - 1)));
        assert_eq!((counts.stalled, counts.lost), (0, 0));
    }
}

#[test]
fn what_waits_for_its_batch_beyond_its_deadline_comes_again_too() {
    let config = PipelineConfig { linger: DEADLINE + Duration::from_secs(5), ..slow(LATENCY) };
    let config = PipelineConfig { batch: NonZeroUsize::new(1_000).unwrap(), ..config };
    let (ended, said) = run_in(&config, Mark::Claim, &[], once());
    let counts = ended.truth.counts();
    assert!(counts.redelivered > 10 && deliveries(&said) == 100 + counts.redelivered);
    assert_eq!((counts.missed, counts.lost, counts.delivered), (0, 0, 100));
}

#[test]
fn a_ping_that_is_kept_waiting_behind_itself_is_not_given_up() {
    // The copies are in flight until the first is delivered, hours later.
    let config = PipelineConfig { publish_latency: Duration::from_secs(8 * 3_600), ..slow(LATENCY) };
    let (ended, _) = run_in(&config, Mark::Lease, &[], once());
    let counts = ended.truth.counts();
    assert_eq!((counts.stalled, counts.lost, counts.delivered), (0, 0, 100));
}

#[test]
fn a_delivery_whose_worker_died_comes_again_at_its_own_deadline_and_only_once() {
    // Arrived at 0.1, judged at once, and its worker dies at 1: nothing is extended, so it comes at 20.1 and not at 21.
    let crash = crash("before-settle", 0, 1);
    let config = PipelineConfig { publish_latency: Duration::from_secs(1), ..slow(LATENCY) };
    let (ended, said) = run_in(&config, Mark::AfterDelivery, &[crash], events(&[(0, 0)]));
    let judged: Vec<f64> = said
        .iter()
        .filter_map(|said| match said {
            Said::Judged { now, .. } => Some(now.since(START).as_secs_f64()),
            _ => None,
        })
        .collect();
    assert_eq!(judged, [0.1, 20.1]);
    let counts = ended.truth.counts();
    assert_eq!((counts.redelivered, ended.truth.duplicates(), counts.missed), (1, 1, 1));
}

fn some_pipeline() -> impl proptest::strategy::Strategy<Value = PipelineConfig> {
    let times = (0u64..60, 0u64..30, 1u64..40, prop::sample::select(vec![0u64, 3, 40]));
    (1usize..5, 1usize..6, times).prop_map(|(workers, batch, (latency, linger, deadline, mark_lag))| {
        PipelineConfig {
            workers: NonZeroUsize::new(workers).unwrap(),
            batch: NonZeroUsize::new(batch).unwrap(),
            linger: Duration::from_secs(linger),
            publish_latency: Duration::from_secs(latency),
            ack_deadline: Duration::from_secs(deadline),
            deadlines: Deadlines::Fixed,
            ..config(Duration::from_secs(mark_lag))
        }
    })
}

/// Which pings reached the sink, how often in all, and which had a copy dropped.
fn recounted(said: &[Said]) -> (BTreeSet<PingKey>, u64, BTreeSet<PingKey>) {
    let (mut delivered, mut deliveries, mut dropped) = (BTreeSet::new(), 0, BTreeSet::new());
    for said in said {
        match *said {
            Said::Delivered { unique, .. } => {
                deliveries += 1;
                delivered.insert(key(unique));
            }
            Said::Judged { key, verdict: Verdict::Duplicate, .. } => drop(dropped.insert(key)),
            _ => {}
        }
    }
    (delivered, deliveries, dropped)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_score_equals_a_recount_and_every_run_ends(
        copies in prop::collection::vec((0u8..25, 0u16..30), 1..150),
        faults in prop::collection::vec(some_fault(), 0..4),
        mark in some_mark(),
        config in some_pipeline(),
    ) {
        let events = events(&copies);
        let (ended, said) = run_in(&config, mark, &faults, events.clone());
        let (delivered, deliveries, dropped) = recounted(&said);
        let (truth, counts) = (&ended.truth, ended.truth.counts());
        prop_assert_eq!(counts.delivered, delivered.len() as u64);
        prop_assert_eq!(counts.missed, deliveries - counts.delivered);
        prop_assert_eq!(counts.lost, dropped.difference(&delivered).count() as u64);
        prop_assert!(counts.missed <= truth.duplicates());
        prop_assert!(truth.duplicates() <= counts.pings - counts.uniques + counts.redelivered);
        let causes = truth.by_cause(&["first".into(), "repeat".into()]);
        prop_assert_eq!(causes.iter().map(|c| c.duplicates).sum::<u64>(), truth.duplicates());
        prop_assert_eq!(causes.iter().map(|c| c.missed).sum::<u64>(), counts.missed);
        prop_assert_eq!(truth.by_lag().iter().map(|l| l.duplicates).sum::<u64>(), truth.duplicates());
        if mark != Mark::Claim {
            prop_assert_eq!(counts.lost, 0);
        }
        if faults.is_empty() {
            prop_assert!(counts.redelivered <= 9 * counts.pings);
            prop_assert_eq!((counts.lost, counts.delivered + counts.stalled), (0, counts.uniques));
            if mark == Mark::Claim {
                prop_assert_eq!(counts.missed_in_window, 0);
            }
        }
    }

    #[test]
    fn where_every_ack_is_in_time_nothing_is_different(
        copies in prop::collection::vec((0u8..25, 0u16..30), 1..150),
        mark in some_mark(),
        config in some_pipeline(),
    ) {
        let ack_deadline = config.linger + config.publish_latency;
        let fixed = PipelineConfig { ack_deadline: ack_deadline.max(Duration::from_nanos(1)), ..config };
        let extended = PipelineConfig { deadlines: Deadlines::Extended, ..fixed };
        let of = |config| {
            let (ended, _) = run_in(config, mark, &[], events(&copies));
            (ended.digest, *ended.truth.counts())
        };
        prop_assert_eq!(of(&fixed), of(&extended));
    }
}
