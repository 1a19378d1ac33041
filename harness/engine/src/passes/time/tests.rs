//! The loops, by what they count. How fast they are is nobody's business here.

use std::sync::atomic::{AtomicU64, Ordering};

use dedup_strategies::{
    Bound, DeliveryId, Footprint, PingKey, Promise, Routing, Strategy, Timestamp, Unavailable, Verdict,
    Window, Worker, worker_of,
};
use hdrhistogram::Histogram;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::pipeline::{Free, Pace};

/// Counts the pings that it is given, and once takes its time.
#[derive(Default)]
struct Counter {
    judged: AtomicU64,
    deliveries: AtomicU64,
    stall: Option<Duration>,
}

struct CounterWorker<'a>(&'a Counter);

impl Strategy for &'static Counter {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(CounterWorker(self)))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise { missed: Bound::Unbounded, ..Promise::remembering(Window::Nothing) }
    }

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}

impl Worker for CounterWorker<'_> {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let before = self.0.judged.fetch_add(pings.len() as u64, Ordering::Relaxed);
        let deliveries = pings.iter().map(|ping| ping.delivery.0 + 1).sum();
        self.0.deliveries.fetch_add(deliveries, Ordering::Relaxed);
        if let Some(stall) = self.0.stall.filter(|_| before == 0) {
            std::thread::sleep(stall);
        }
        verdicts.resize(verdicts.len() + pings.len(), Verdict::New);
        Ok(())
    }
}

fn counter(stall: Option<Duration>) -> &'static Counter {
    Box::leak(Box::new(Counter { stall, ..Counter::default() }))
}

fn pings(count: u64) -> Vec<Ping> {
    let ping = |n: u64| {
        let at = Timestamp::from_millis(n);
        let key = PingKey::from_u128(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        Ping { key, event_time: at, arrival: at, delivery: DeliveryId(n) }
    };
    (0..count).map(ping).collect()
}

fn paces(count: usize) -> Vec<Box<dyn Pace>> {
    (0..count).map(|_| Box::new(Free) as Box<dyn Pace>).collect()
}

const LONG: Duration = Duration::from_secs(600);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_ping_is_judged_once_whatever_the_threads_and_the_routing(
        count in 1u64..2000, threads in 1usize..5, batch in 1usize..100, by_key in any::<bool>(),
        first_half in any::<bool>(),
    ) {
        let (pings, counter) = (pings(count), counter(None));
        let routing = if by_key { Routing::ByKey } else { Routing::Any };
        let partitions = Partitions::new(&pings, routing, NonZeroUsize::new(threads).unwrap(), batch);
        let warm_up = if first_half { WarmUp::FirstHalf } else { WarmUp::None };
        let ran = closed_loop(&counter, &partitions, paces(threads), LONG, warm_up).unwrap();
        prop_assert_eq!(ran.judged + ran.warmed_up, count);
        let (batches, cold) = (count.div_ceil(batch as u64), ran.warmed_up.div_ceil(batch as u64));
        // Half of each thread's batches, of which the odd one is timed.
        let is_half = cold * 2 <= batches + threads as u64 && batches <= 2 * cold + 2 * threads as u64;
        prop_assert!(if first_half { by_key || is_half } else { cold == 0 }, "{} of {}", cold, batches);
        prop_assert_eq!(counter.deliveries.load(Ordering::Relaxed), count * (count + 1) / 2);
    }

    #[test]
    fn by_key_no_two_partitions_share_a_key_and_order_is_kept(count in 1u64..2000, threads in 1usize..5) {
        let pings = pings(count);
        let partitions = Partitions::new(&pings, Routing::ByKey, NonZeroUsize::new(threads).unwrap(), 64);
        for (index, partition) in partitions.0.iter().enumerate() {
            let dealt: Vec<Ping> = partition.batches().flatten().copied().collect();
            prop_assert!(dealt.iter().all(|ping| worker_of(ping.key, threads) == index));
            prop_assert!(dealt.is_sorted_by_key(|ping| ping.delivery));
        }
    }
}

#[test]
fn a_stall_is_charged_to_every_ping_that_it_kept_waiting() {
    let (pings, counter) = (pings(2_000), counter(Some(Duration::from_millis(100))));
    let partitions = Partitions::new(&pings, Routing::Any, NonZeroUsize::MIN, 1);
    let open = open_loop(&counter, &partitions, paces(1), 10_000.0, LONG, WarmUp::None).unwrap();
    assert_eq!((open.latency.len(), open.service.len()), (2_000, 2_000));
    // While it stalls for 100 ms, a thousand pings fall due. Those of the first half wait for 50 ms or more; their
    // service time says nothing of it. A slow machine can only make more of them wait.
    let waited = |histogram: &Histogram<u64>| histogram.count_between(49_000_000, u64::MAX / 2);
    assert!(waited(&open.latency) >= 500, "{}", waited(&open.latency));
    assert!(waited(&open.service) < waited(&open.latency));
}

#[test]
fn without_a_stall_no_ping_is_judged_before_it_is_due() {
    let (pings, counter) = (pings(50), counter(None));
    let partitions = Partitions::new(&pings, Routing::Any, NonZeroUsize::MIN, 64);
    let open = open_loop(&counter, &partitions, paces(1), 1_000.0, LONG, WarmUp::None).unwrap();
    // The last of 50 pings at 1,000 a second is due after 49 ms.
    assert!(open.loop_.took >= Duration::from_millis(49));
    assert_eq!(open.loop_.judged, 50);
}
