//! The pipeline around strategies that do as they are told and note what they are asked.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use dedup_strategies::{Footprint, Promise, Routing, Window, Worker, worker_of};
use dedup_stream::scenario::{Deadlines, Routed};
use dedup_stream::stream::{CauseId, InvalidId, Origin};

use super::broker::MAX_ATTEMPTS;
use super::*;

/// Pings with ids from `ids`, one every second from second 1.
pub(super) struct Script {
    events: std::vec::IntoIter<Event>,
    causes: Vec<String>,
}

impl Script {
    fn of(ids: impl IntoIterator<Item = Id>) -> Script {
        let event = |(index, id): (usize, Id)| {
            let at = Timestamp::from_secs(index as u64 + 1);
            let (unique, cause) = (index as u64, CauseId::FIRST);
            let origin = Origin { unique, cause, first_at: at, more_to_come: false, shares_key: false };
            Event { at, event_time: at, id, origin }
        };
        let events: Vec<Event> = ids.into_iter().enumerate().map(event).collect();
        Script { events: events.into_iter(), causes: vec!["first".into()] }
    }

    pub(super) fn keys(count: u128) -> Script {
        Script::of((0..count).map(|n| Id::Key(key(n))))
    }
}

impl Source for Script {
    fn causes(&self) -> &[String] {
        &self.causes
    }

    fn fill(&mut self, limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError> {
        events.extend(self.events.by_ref().take(limit));
        Ok(())
    }
}

fn key(n: u128) -> PingKey {
    PingKey::from_u128(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// What a strategy was asked, in order.
#[derive(Clone, Debug, PartialEq)]
enum Call {
    Judge { worker: usize, pings: Vec<Ping>, at_s: f64 },
    Settle { worker: usize, pings: usize, at_s: f64 },
}

type Answer = fn(&Ping, calls_before: usize) -> Result<Verdict, Unavailable>;

/// Answers as it is told and writes down what it was asked.
#[derive(Clone)]
struct Puppet {
    worker: usize,
    routing: Routing,
    answer: Answer,
    calls: Arc<Mutex<Vec<Call>>>,
    held: Arc<Mutex<Vec<Ping>>>,
}

impl Puppet {
    fn new(routing: Routing, answer: Answer) -> Puppet {
        Puppet { worker: 0, routing, answer, calls: Arc::default(), held: Arc::default() }
    }

    fn judged(&self) -> Vec<(usize, usize, f64)> {
        let judged = |call: &Call| match call {
            Call::Judge { worker, pings, at_s } => Some((*worker, pings.len(), *at_s)),
            Call::Settle { .. } => None,
        };
        self.calls.lock().unwrap().iter().filter_map(judged).collect()
    }

    fn settled(&self) -> Vec<(usize, usize, f64)> {
        let settled = |call: &Call| match call {
            Call::Settle { worker, pings, at_s } => Some((*worker, *pings, *at_s)),
            Call::Judge { .. } => None,
        };
        self.calls.lock().unwrap().iter().filter_map(settled).collect()
    }
}

impl Strategy for Puppet {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(Puppet { worker: index, ..self.clone() }))
    }

    fn routing(&self) -> Routing {
        self.routing
    }

    fn promise(&self) -> Promise {
        Promise::remembering(Window::Forever)
    }

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}

impl Worker for Puppet {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut calls = self.calls.lock().unwrap();
        let before = calls.len();
        calls.push(Call::Judge { worker: self.worker, pings: pings.to_vec(), at_s: seconds(now) });
        for ping in pings {
            let verdict = (self.answer)(ping, before)?;
            if verdict == Verdict::Held {
                self.held.lock().unwrap().push(*ping);
            }
            verdicts.push(verdict);
        }
        Ok(())
    }

    fn unjudged(&self) -> Unavailable {
        Unavailable("node 2 is away".into())
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        let call = Call::Settle { worker: self.worker, pings: settled.len(), at_s: seconds(now) };
        self.calls.lock().unwrap().push(call);
        Ok(())
    }

    /// Releases what it holds after second 30.
    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        if now >= Timestamp::from_secs(30) {
            released.append(&mut self.held.lock().unwrap());
        }
        Ok(())
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_nanos() as f64 / 1e9
}

fn config(workers: usize, batch: usize) -> PipelineConfig {
    let some = |count| NonZeroUsize::new(count).unwrap();
    PipelineConfig {
        workers: some(workers),
        batch: some(batch),
        linger: Duration::from_millis(2_500),
        publish_latency: Duration::from_millis(500),
        redelivery_delay: Duration::from_secs(60),
        ack_deadline: Duration::from_secs(30),
        deadlines: Deadlines::Extended,
        routed: Routed::ByKey,
        mark_lag: Duration::ZERO,
    }
}

fn run(puppet: &Puppet, config: &PipelineConfig, mut script: Script) -> Result<Ended, PipelineError> {
    let truth = Truth::new(Window::Forever, 2, Timestamp::ZERO, Duration::from_secs(100));
    let mut pipeline = Pipeline::new(config, puppet, truth, Box::new(Free), Timestamp::ZERO)?;
    while pipeline.run(&mut script, 7)? {}
    pipeline.finish()
}

const NEW: Answer = |_, _| Ok(Verdict::New);

#[test]
fn a_batch_is_judged_when_it_is_full_or_has_waited_and_settled_when_it_is_published() {
    let puppet = Puppet::new(Routing::Any, NEW);
    let ended = run(&puppet, &config(2, 3), Script::keys(5)).unwrap_or_else(|error| panic!("{error}"));
    // Seconds 1, 2, 3 fill a batch; 4 and 5 wait until 6.5. Workers take turns.
    assert_eq!(puppet.judged(), [(0, 3, 3.0), (1, 2, 6.5)]);
    assert_eq!(puppet.settled(), [(0, 3, 3.5), (1, 2, 7.0)]);
    assert_eq!(ended.truth.counts().delivered, 5);
}

#[test]
fn by_key_every_ping_goes_to_the_worker_that_its_key_names() {
    let puppet = Puppet::new(Routing::ByKey, NEW);
    assert!(run(&puppet, &config(3, 4), Script::keys(100)).is_ok());
    let calls = puppet.calls.lock().unwrap();
    let mut judged = 0;
    for call in calls.iter() {
        if let Call::Judge { worker, pings, .. } = call {
            assert!(pings.iter().all(|ping| worker_of(ping.key, 3) == *worker));
            judged += pings.len();
        }
    }
    assert_eq!(judged, 100);
}

#[test]
fn pings_arrive_at_strategies_in_order_and_each_delivery_has_a_name_of_its_own() {
    let puppet = Puppet::new(Routing::Any, NEW);
    assert!(run(&puppet, &config(4, 3), Script::keys(50)).is_ok());
    let calls = puppet.calls.lock().unwrap();
    let pings = calls.iter().filter_map(|call| match call {
        Call::Judge { pings, .. } => Some(pings.clone()),
        Call::Settle { .. } => None,
    });
    let deliveries: Vec<u64> = pings.flatten().map(|ping| ping.delivery.0).collect();
    assert_eq!(deliveries, (0..50).collect::<Vec<u64>>());
}

#[test]
fn what_is_in_flight_comes_again_after_a_delay_that_doubles_until_it_is_decided() {
    let puppet = Puppet::new(Routing::Any, |_, calls| match calls {
        0 | 1 => Ok(Verdict::InFlight),
        _ => Ok(Verdict::New),
    });
    let ended = run(&puppet, &config(1, 1), Script::keys(1)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(puppet.judged(), [(0, 1, 1.0), (0, 1, 61.0), (0, 1, 181.0)]);
    assert_eq!((ended.truth.counts().delivered, ended.truth.counts().stalled), (1, 0));
}

#[test]
fn a_ping_that_is_never_decided_is_given_up_and_counted() {
    let puppet = Puppet::new(Routing::Any, |_, _| Ok(Verdict::InFlight));
    let ended = run(&puppet, &config(1, 1), Script::keys(2)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(puppet.judged().len(), 2 * MAX_ATTEMPTS as usize);
    assert_eq!((ended.truth.counts().delivered, ended.truth.counts().stalled), (0, 2));
}

#[test]
fn after_an_outage_every_ping_of_the_batch_is_delivered_again_and_none_is_lost() {
    let puppet = Puppet::new(Routing::Any, |_, calls| match calls {
        0 => Err(Unavailable("away".into())),
        _ => Ok(Verdict::New),
    });
    let ended = run(&puppet, &config(1, 3), Script::keys(3)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(puppet.judged(), [(0, 3, 3.0), (0, 3, 63.0)]);
    assert_eq!((ended.truth.counts().delivered, ended.truth.counts().missed), (3, 0));
}

#[test]
fn what_could_not_be_judged_comes_again_and_the_rest_of_its_batch_is_done() {
    let puppet = Puppet::new(Routing::Any, |ping, calls| match (ping.key == key(1), calls) {
        (true, 0) => Ok(Verdict::Unjudged),
        _ => Ok(Verdict::New),
    });
    let ended = run(&puppet, &config(1, 3), Script::keys(3)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(puppet.judged(), [(0, 3, 3.0), (0, 1, 65.5)], "alone, a minute and its linger later");
    assert_eq!(puppet.settled().iter().map(|(_, pings, _)| pings).sum::<usize>(), 3);
    let counts = ended.truth.counts();
    assert_eq!((counts.delivered, counts.missed, counts.redelivered, counts.lost), (3, 0, 1, 0));
}

#[test]
fn a_copy_that_could_not_be_judged_is_counted_once_when_it_is() {
    // Twins: both are new until the second was judged after all.
    let puppet = Puppet::new(Routing::Any, |ping, _| match ping.delivery.0 {
        1 | 2 => Ok(Verdict::Unjudged),
        3 => Ok(Verdict::Duplicate),
        _ => Ok(Verdict::New),
    });
    let ended = run(&puppet, &config(1, 1), Script::keys(2)).unwrap_or_else(|error| panic!("{error}"));
    let counts = ended.truth.counts();
    assert_eq!((counts.delivered, counts.redelivered, counts.lost), (1, 2, 1));
}

#[test]
fn a_store_that_never_judges_some_pings_ends_the_run_with_its_own_words() {
    let puppet = Puppet::new(Routing::Any, |ping, _| match ping.key == key(1) {
        true => Ok(Verdict::Unjudged),
        false => Ok(Verdict::New),
    });
    let error = run(&puppet, &config(1, 3), Script::keys(3)).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("node 2 is away"));
    let judged = puppet.judged();
    assert_eq!((judged[0].1, judged.len()), (3, MAX_ATTEMPTS as usize), "the others came once");
}

#[test]
fn a_store_that_stays_away_ends_the_run_with_its_own_words() {
    let puppet = Puppet::new(Routing::Any, |_, _| Err(Unavailable("away".into())));
    let error = run(&puppet, &config(1, 3), Script::keys(3)).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("away"));
}

#[test]
fn held_pings_are_delivered_once_when_they_are_released_and_their_wait_is_measured() {
    let puppet = Puppet::new(Routing::Any, |_, _| Ok(Verdict::Held));
    let ended = run(&puppet, &config(1, 1), Script::keys(40)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((ended.truth.counts().delivered, ended.truth.counts().missed), (40, 0));
    let longest = ended.held_ns.max() as f64 / 1e9;
    assert!((29.0..29.1).contains(&longest), "the ping of second 1 waited until second 30, not {longest}");
}

#[test]
fn pings_without_an_id_pass_unjudged_and_broken_ids_go_to_the_error_output() {
    let puppet = Puppet::new(Routing::Any, NEW);
    let ids = [Id::Missing, Id::Invalid(InvalidId::NotAnId), Id::Key(key(1)), Id::Missing];
    let ended = run(&puppet, &config(1, 1), Script::of(ids)).unwrap_or_else(|error| panic!("{error}"));
    let counts = ended.truth.counts();
    assert_eq!((counts.unjudged, counts.errors, counts.delivered, counts.pings), (2, 1, 3, 4));
    assert_eq!(puppet.judged().len(), 1);
}

#[test]
fn the_digest_tells_any_two_decisions_apart() {
    let digest = |answer: Answer| {
        let puppet = Puppet::new(Routing::Any, answer);
        run(&puppet, &config(2, 3), Script::keys(5_000)).map(|ended| ended.digest).unwrap_or_default()
    };
    assert_eq!(digest(NEW), digest(NEW));
    let one_other: Answer = |ping, _| match ping.delivery.0 {
        4_321 => Ok(Verdict::Duplicate),
        _ => Ok(Verdict::New),
    };
    assert_ne!(digest(NEW), digest(one_other));
}

/// Workers that know what they have let through, and nothing of each other.
#[derive(Clone, Default)]
struct Apart(BTreeSet<PingKey>);

impl Strategy for Apart {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(Apart::default()))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        Puppet::new(Routing::ByKey, NEW).promise()
    }

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}

impl Worker for Apart {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let verdict = |new| if new { Verdict::New } else { Verdict::Duplicate };
        verdicts.extend(pings.iter().map(|ping| verdict(self.0.insert(ping.key))));
        Ok(())
    }
}

/// Each key comes twice, as the same ping.
fn pairs(count: u64) -> Script {
    let mut script = Script::of((0..2 * count).map(|n| Id::Key(key(u128::from(n % count)))));
    let twice = |(index, event): (usize, Event)| {
        let copy = index as u64 >= count;
        let unique = index as u64 % count;
        let origin = Origin { unique, cause: CauseId(u8::from(copy)), more_to_come: !copy, ..event.origin };
        Event { origin, ..event }
    };
    let events: Vec<Event> = script.events.by_ref().enumerate().map(twice).collect();
    Script { events: events.into_iter(), causes: vec!["first".into(), "repeat".into()] }
}

#[test]
fn where_pings_go_to_any_worker_a_copy_meets_its_first_by_a_chance_of_one_in_so_many_workers() {
    for (workers, batch) in [(2usize, 1usize), (3, 1), (3, 16), (7, 4)] {
        let config = PipelineConfig { routed: Routed::Random, ..config(workers, batch) };
        let truth = Truth::new(Window::Forever, 2, Timestamp::ZERO, Duration::from_secs(100));
        let mut pipeline =
            Pipeline::new(&config, &Apart::default(), truth, Box::new(Free), Timestamp::ZERO).unwrap();
        let pairs_count = 30_000;
        let mut script = pairs(pairs_count);
        while pipeline.run(&mut script, 1_000).unwrap() {}
        let ended = pipeline.finish().unwrap();
        let counts = ended.truth.counts();
        let missed = counts.missed as f64 / pairs_count as f64;
        let (expected, n) = (1.0 - 1.0 / workers as f64, pairs_count as f64);
        let deviations = (missed - expected).abs() / (expected * (1.0 - expected) / n).sqrt();
        assert!(deviations < 5.0, "{workers} workers: missed {missed}, expected {expected}");
        assert_eq!((counts.lost, counts.delivered), (0, pairs_count));
    }
}

#[test]
fn by_chance_every_worker_gets_its_part_and_the_next_run_is_the_same() {
    let parts = || {
        let puppet = Puppet::new(Routing::ByKey, NEW);
        let config = PipelineConfig { routed: Routed::Random, ..config(3, 4) };
        assert!(run(&puppet, &config, Script::keys(3_000)).is_ok());
        let mut parts = [0; 3];
        puppet.judged().iter().for_each(|(worker, pings, _)| parts[*worker] += pings);
        parts
    };
    assert!(parts().iter().all(|part| (850..1_150).contains(part)), "{:?}", parts());
    assert_eq!(parts(), parts());
}

#[test]
fn state_that_all_workers_share_knows_every_ping_wherever_it_goes() {
    static SEEN: Mutex<BTreeSet<PingKey>> = Mutex::new(BTreeSet::new());
    let puppet = Puppet::new(Routing::Any, |ping, _| match SEEN.lock().unwrap().insert(ping.key) {
        true => Ok(Verdict::New),
        false => Ok(Verdict::Duplicate),
    });
    let config = PipelineConfig { routed: Routed::Random, ..config(3, 4) };
    let ended = run(&puppet, &config, pairs(1_000)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((ended.truth.counts().missed, ended.truth.counts().delivered), (0, 1_000));
}
